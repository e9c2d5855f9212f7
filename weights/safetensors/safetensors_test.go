package safetensors

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/weights"
)

// TestAttacks reads the files that testdata/attacks/gen.py writes; each must be refused for its own reason.
func TestAttacks(t *testing.T) {
	want := map[string]error{
		"good": nil, "header-lies": ErrLimit, "header-longer-than-file": ErrTruncated, "header-not-json": ErrHeader, "duplicate": ErrDuplicate,
		"folded-key": ErrHeader, "unknown-field": ErrHeader, "unknown-dtype": ErrDType, "shared-offsets": ErrOverlap, "too-many": ErrLimit,
		"hole": ErrHole, "trailing": ErrHole, "truncated": ErrTruncated, "negative": ErrShape, "overflow": ErrShape,
		"offsets-backward": ErrLength, "rank-17": ErrLimit,
	}
	files, err := filepath.Glob("../../testdata/attacks/safetensors-*.safetensors")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d attack files, %d expected (%v)", len(files), len(want), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "safetensors-"), ".safetensors")
		kind, known := want[name]
		_, _, err := Load(path)
		if !known || (kind == nil) != (err == nil) || !errors.Is(err, kind) || err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want %v", name, err, kind)
		}
	}
}

// TestRoundTrip writes random arrays of every type (seed 3) and reads them back.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	types := []weights.DType{
		weights.F64, weights.F32, weights.F16, weights.BF16, weights.I64, weights.I32, weights.I16, weights.I8, weights.U8, weights.Bool,
	}
	for round := range 200 {
		var arrays []weights.Array
		for i, d := range types {
			shape := make([]int, r.IntN(4))
			n := d.Size()
			for j := range shape {
				shape[j] = r.IntN(5)
				n *= shape[j]
			}
			data := make([]byte, n)
			for j := range data {
				data[j] = byte(r.Uint32())
			}
			arrays = append(arrays, weights.Array{Name: string(rune('a' + i)), DType: d, Shape: shape, Data: data})
		}
		meta := map[string]string{"k": "v\"<"}
		var b, again bytes.Buffer
		if err := Write(&b, arrays, meta); err != nil {
			t.Fatal(err)
		}
		if err := Write(&again, arrays, meta); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Fatalf("round %d: two writes differ (%v)", round, err)
		}
		got, gotMeta, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil || gotMeta["k"] != meta["k"] || len(got) != len(arrays) {
			t.Fatalf("round %d: %v, %v", round, gotMeta, err)
		}
		for _, a := range arrays {
			i := slices.IndexFunc(got, func(g weights.Array) bool { return g.Name == a.Name })
			if i < 0 || got[i].DType != a.DType || !slices.Equal(got[i].Shape, a.Shape) || !bytes.Equal(got[i].Data, a.Data) {
				t.Fatalf("round %d: array %q came back as %v", round, a.Name, got[max(i, 0)])
			}
		}
	}
}

// TestRealFile reads the published MobileNetV2 when it lies beside the project.
func TestRealFile(t *testing.T) {
	path := "../../../shared/weights/mobilenet_v2_imagenet.safetensors"
	if _, err := os.Stat(path); err != nil {
		t.Logf("not run, %s is absent", path)
		return
	}
	arrays, meta, err := Load(path)
	if err != nil || len(arrays) != 106 || !strings.Contains(meta["arch"], "mobilenet_v2") {
		t.Fatalf("%d arrays, %v, %v", len(arrays), meta, err)
	}
}

func FuzzSafetensors(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/attacks/safetensors-*.safetensors")
	for _, path := range files {
		if b, err := os.ReadFile(path); err == nil && len(b) < 1<<12 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, meta, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		// What is accepted can be written, and reads as the same.
		var out bytes.Buffer
		if err := Write(&out, arrays, meta); err != nil {
			t.Fatal(err)
		}
		again, _, err := Read(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil || len(again) != len(arrays) {
			t.Fatalf("%d of %d arrays: %v", len(again), len(arrays), err)
		}
	})
}
