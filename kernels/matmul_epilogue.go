package kernels

import (
	"fmt"

	"github.com/drdc-dev/drdc/shaders"
)

// epilogue is what ends a convolution or matmul: y = act(v + bias) + residual. The
// bias [1, 1, 1, K] and the residual, of y's shape, are the last inputs.
type epilogue struct {
	act            Activation
	bias, residual bool
}

// weightType is F16 when input i is stored so, else F32.
func weightType(in []Tensor, i int) Type {
	if i < len(in) && in[i].Type == F16 {
		return F16
	}
	return F32
}

func epilogueTypes(types []Type, bias, residual bool) []Type {
	for _, has := range []bool{bias, residual} {
		if has {
			types = append(types, F32)
		}
	}
	return types
}

func epilogueInputs(y Shape, bias, residual bool) []Tensor {
	var in []Tensor
	if bias {
		in = append(in, Float(1, 1, 1, y[3]))
	}
	if residual {
		in = append(in, Tensor{Shape: y})
	}
	return in
}

// checkEpilogue checks the shapes of the bias and the residual, in, against y.
func checkEpilogue(in []Tensor, y Shape, bias, residual bool) error {
	names := []string{"bias", "residual"}
	if !bias {
		names = names[1:]
	}
	for i, w := range epilogueInputs(y, bias, residual) {
		if in[i].Shape != w.Shape {
			return fmt.Errorf("%w: %s is %v, want %v", ErrShape, names[i], in[i].Shape, w.Shape)
		}
	}
	return nil
}

// record completes the dispatch of a shader with matmul_epilogue.wgsl, over groups
// workgroups. It binds the first input, the weight, which is input w, the bias, the
// residual, the output and, if the shader has a place for it, the second source; a
// temporary that nothing reads stands for what the operation lacks.
func (e epilogue) record(t Target, d Dispatch, in []Tensor, w int, second bool, groups int) (Record, error) {
	var rec Record
	absent := func() Operand {
		rec.Temps = append(rec.Temps, 16)
		return Temp(len(rec.Temps) - 1)
	}
	next := w + 1
	d.Bind = []Operand{In(0), In(w)}
	for _, has := range []bool{e.bias, e.residual} {
		if has {
			d.Bind, next = append(d.Bind, In(next)), next+1
		} else {
			d.Bind = append(d.Bind, absent())
		}
	}
	d.Bind = append(d.Bind, Out(0))
	switch {
	case second && w == 2:
		d.Bind = append(d.Bind, In(1))
	case second:
		d.Bind = append(d.Bind, absent())
	}
	d.Set = append(d.Set, e.settings(in[w].Type)...)
	var err error
	if d.Groups, err = t.Grid(groups); err != nil {
		return Record{}, err
	}
	rec.Steps = []Dispatch{d}
	return rec, nil
}

// apply computes the epilogue in place; in are the bias and the residual.
func (e epilogue) apply(in []*Array, y *Array) {
	var bias []float64
	if e.bias {
		bias, in = in[0].Row(0), in[1:]
	}
	for i := range y.Shape.Pixels() {
		row := y.Row(i)
		for c, v := range row {
			if e.bias {
				v += bias[c]
			}
			row[c] = e.act.apply(v)
		}
		if e.residual {
			for c, v := range in[0].Row(i) {
				row[c] += v
			}
		}
	}
}

func (e epilogue) settings(weight Type) []shaders.Setting {
	set := []shaders.Setting{shaders.Int("ACT", int(e.act))}
	for _, s := range []struct {
		name string
		has  bool
	}{{"BIAS", e.bias}, {"RESIDUAL", e.residual}} {
		if s.has {
			set = append(set, shaders.Int(s.name, 1))
		}
	}
	if weight == F16 {
		set = append(set, shaders.Use("WEIGHT", "weight_f16.wgsl"))
	}
	return set
}
