package keymap

import (
	"context"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/weights"
)

// Export gives the tensors of a model file back under their original names, sorted as in the file. F32, F16 and BF16 tensors keep
// their type and bits; quantised ones become F32. Tensors without an original name keep ours. When two parts would give the same
// name, the names of all tensors begin with their part. notes are sentences about what is not as it was.
func Export(ctx context.Context, f *weights.File) (arrays []weights.Array, notes []string, err error) {
	h := f.Header()
	names, clash := exportNames(&h)
	if clash {
		notes = append(notes, "parts share names, so every name begins with its part")
	}
	for part, p := range h.Parts {
		if p.Folded {
			notes = append(notes, fmt.Sprintf("%s: batch normalisation is folded into the weights and can not be taken out again", part))
		}
	}
	quantised := 0
	for i := range h.Tensors {
		t := &h.Tensors[i]
		a := weights.Array{Name: names[i], DType: t.DType, Shape: t.Shape}
		if t.Scale != nil {
			quantised++
			v, err := f.Float32(ctx, t.Name)
			if err != nil {
				return nil, nil, err
			}
			if a, err = weights.FromFloat32(names[i], weights.F32, t.Shape, v); err != nil {
				return nil, nil, err
			}
		} else if a.Data, _, err = f.Raw(ctx, t.Name); err != nil {
			return nil, nil, err
		}
		arrays = append(arrays, a)
	}
	if quantised > 0 {
		notes = append(notes, fmt.Sprintf("%d quantised tensors are given as f32", quantised))
	}
	slices.Sort(notes)
	return arrays, notes, nil
}

func exportNames(h *weights.Header) (names []string, clash bool) {
	seen := make(map[string]bool)
	for i := range h.Tensors {
		t := &h.Tensors[i]
		name := t.Origin
		if name == "" {
			name = t.Name[len(t.Part())+1:]
		}
		clash = clash || seen[name]
		seen[name] = true
		names = append(names, name)
	}
	if clash {
		for i := range names {
			names[i] = h.Tensors[i].Part() + "." + names[i]
		}
	}
	return names, clash
}
