package weights

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// randomSet gives a random set of tensors: ranks 0 to 4, empty and constant ones included.
func randomSet(r *rand.Rand) []Named {
	out := make([]Named, 1+r.IntN(4))
	for i := range out {
		shape := make([]int, r.IntN(5))
		n := 1
		for j := range shape {
			shape[j] = r.IntN(9)
			n *= shape[j]
		}
		data := make([]float32, n)
		kind := r.IntN(4)
		for j := range data {
			switch kind {
			case 0: // zeros
			case 1:
				data[j] = 1
			case 2:
				data[j] = float32(r.NormFloat64())
			case 3:
				data[j] = float32(r.NormFloat64()) * float32(math.Pow(2, float64(r.IntN(40)-35)))
			}
		}
		out[i] = Named{
			Name: fmt.Sprintf("base.t%d", i), Origin: fmt.Sprintf("m.%d", i), Shape: shape, Data: data,
			DType: []DType{F32, F16, BF16, Int8, Int4}[r.IntN(5)],
		}
	}
	return out
}

// worst is how far a stored value may be from the original: half a step of its type.
func worst(n Named, i int) float64 {
	x := math.Abs(float64(n.Data[i]))
	switch n.DType {
	case F16:
		return math.Max(x/2048, 0x1p-25)
	case BF16:
		return math.Max(x/256, 0x1p-134)
	case Int8, Int4:
		top := float32(0)
		for _, v := range n.Data {
			top = max(top, v, -v)
		}
		// The bound by the tensor's largest value is looser than that by the group's; the 2% are for rounding in float32.
		return 0.51 * float64(top/limitOf(n.DType))
	}
	return 0
}

// TestRoundTrip writes 1,000 random sets (seed 11): the bytes of two writes are identical, in any order of the tensors; the values
// read are exact for f32 and within half a step for the other types; ReadAll, Float32 and Stream agree bit for bit; and what was
// read, written again, reads as the same.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 0))
	ctx := context.Background()
	for round := range 1000 {
		set := randomSet(r)
		file := encodeFile(t, testMeta, set)
		reversed := slices.Clone(set)
		slices.Reverse(reversed)
		if !bytes.Equal(file, encodeFile(t, testMeta, reversed)) {
			t.Fatalf("round %d: two writes differ", round)
		}
		f := openBytes(t, file)
		all, err := f.ReadAll(ctx, 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Verify(ctx, true, nil); err != nil {
			t.Fatal(err)
		}
		streamed := map[string][]float32{}
		err = Stream(ctx, bytes.NewReader(file), nil, nil, func(ten Tensor, v []float32) error {
			streamed[ten.Name] = v
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range set {
			got, err := f.Float32(ctx, n.Name)
			if err != nil {
				t.Fatal(err)
			}
			if !sameBits(got, all[n.Name]) || !sameBits(got, streamed[n.Name]) {
				t.Fatalf("round %d: %s: Float32, ReadAll and Stream differ", round, n.Name)
			}
			if len(got) != len(n.Data) {
				t.Fatalf("round %d: %s: %d values of %d", round, n.Name, len(got), len(n.Data))
			}
			for i := range got {
				if d := math.Abs(float64(got[i]) - float64(n.Data[i])); d > worst(n, i) {
					t.Fatalf("round %d: %s %s %v: value %d is %g, want %g", round, n.Name, n.DType, n.Shape, i, got[i], n.Data[i])
				}
			}
			again := openBytes(t, encodeFile(t, testMeta, []Named{{Name: n.Name, DType: F32, Shape: n.Shape, Data: got}}))
			if v, err := again.Float32(ctx, n.Name); err != nil || !sameBits(v, got) {
				t.Fatalf("round %d: %s: f32 is not exact: %v", round, n.Name, err)
			}
		}
	}
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestRaw holds Raw to the element bytes as they were.
func TestRaw(t *testing.T) {
	v := gauss(1, 3*100)
	for _, d := range []DType{F32, F16, BF16} {
		f := openBytes(t, encodeFile(t, testMeta, []Named{{Name: "base.w", DType: d, Shape: []int{3, 100}, Data: v}}))
		raw, scales, err := f.Raw(context.Background(), "base.w")
		if err != nil || scales != nil || !bytes.Equal(raw, encodeFloats(d, v)) {
			t.Errorf("%s: other bytes (%v)", d, err)
		}
	}
	f := openBytes(t, encodeFile(t, testMeta, []Named{{Name: "base.w", DType: Int4, Shape: []int{1, 3}, Data: []float32{7, -7, 2}}}))
	raw, scales, err := f.Raw(context.Background(), "base.w")
	if err != nil || !bytes.Equal(raw, []byte{0x97, 0x02}) || !slices.Equal(scales, []float32{1}) {
		t.Errorf("int4: % x, %v, %v", raw, scales, err)
	}
}

// TestManyChunks crosses the chunk boundary in every type.
func TestManyChunks(t *testing.T) {
	const rows, cols = 17, 1 << 19
	v := gauss(3, rows*cols)
	clear(v[MaxChunk/4 : 2*MaxChunk/4]) // the second chunk of f32 is all zero
	for _, d := range []DType{F32, F16, Int8, Int4} {
		n := Named{Name: "base.w", DType: d, Shape: []int{rows, cols}, Data: v}
		f := openBytes(t, encodeFile(t, testMeta, []Named{n}))
		ten, _ := f.Tensor("base.w")
		if len(ten.Chunks) < 2 {
			t.Fatalf("%s: %d chunks", d, len(ten.Chunks))
		}
		if d == F32 && !ten.Chunks[1].Zero {
			t.Errorf("the zero chunk is not flagged")
		}
		all, err := f.ReadAll(context.Background(), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		limit := map[DType]float64{F32: 0, F16: 3e-4, Int8: 0.4 / 127, Int4: 0.4 / 7}[d] // half a step at the largest value, near 0.3
		for i, x := range all["base.w"] {
			if math.Abs(float64(x)-float64(v[i])) > limit {
				t.Fatalf("%s: value %d is %g, want %g", d, i, x, v[i])
			}
		}
	}
}

func TestConstantTensor(t *testing.T) {
	v := make([]float32, MaxChunk/2)
	for i := range v {
		v[i] = 1
	}
	f := openBytes(t, encodeFile(t, testMeta, []Named{{Name: "base.one", Shape: []int{len(v)}, Data: v}}))
	got, err := f.Float32(context.Background(), "base.one")
	if err != nil || !sameBits(got, v) {
		t.Fatalf("a constant compresses too well to be read back: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	one := []float32{1}
	for _, c := range []struct {
		name string
		n    []Named
		want error
	}{
		{"nan", []Named{{Name: "base.x", Shape: []int{2}, Data: []float32{nan, 1}}}, ErrNotFinite},
		{"inf", []Named{{Name: "base.x", Shape: []int{1}, Data: []float32{inf}}}, ErrNotFinite},
		{"beyond f16", []Named{{Name: "base.x", DType: F16, Shape: []int{1}, Data: []float32{65520}}}, ErrNotFinite},
		{"duplicate", []Named{{Name: "base.x", Data: one}, {Name: "base.x", Data: one}}, ErrDuplicate},
		{"no such part", []Named{{Name: "refiner.x", Data: one}}, ErrName},
		{"path", []Named{{Name: "base.../x", Data: one}}, ErrName},
		{"empty word", []Named{{Name: "base..x", Data: one}}, ErrName},
		{"length", []Named{{Name: "base.x", Shape: []int{2}, Data: one}}, ErrShape},
		{"rank 9", []Named{{Name: "base.x", Shape: []int{1, 1, 1, 1, 1, 1, 1, 1, 1}, Data: one}}, ErrLimit},
		{"type", []Named{{Name: "base.x", DType: I64, Data: one}}, ErrDType},
	} {
		if _, err := WriteTo(new(bytes.Buffer), testMeta, c.n); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	big := []Named{{Name: "base.x", Shape: []int{100}, Data: make([]float32, 100)}}
	if _, err := WriteTo(new(bytes.Buffer), testMeta, big, WithMaxRaw(399)); !errors.Is(err, ErrLimit) {
		t.Errorf("beyond WithMaxRaw: %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "m.drdc")
	set := []Named{{Name: "base.x", Shape: []int{2}, Data: []float32{1, 2}}}
	digest, err := Write(path, testMeta, set)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Digest() != digest || len(digest) != 64 {
		t.Errorf("digest %q of the file, %q of the writer", f.Digest(), digest)
	}
	if got := string(f.Config()); got != `{"base":{"arch":"uniad"},"image_size":224}` {
		t.Errorf("configuration %s", got)
	}
	set[0].Data[0] = float32(math.NaN())
	if _, err := Write(path, testMeta, set); !errors.Is(err, ErrNotFinite) {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("a failed write left %v (%v)", entries, err)
	}
	if _, err := f.Float32(context.Background(), "base.y"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a tensor that is not there: %v", err)
	}
}

// TestVerifyFull finds a NaN in a file written by someone who did not check.
func TestVerifyFull(t *testing.T) {
	for _, d := range []DType{F32, F16, BF16} {
		nan := encodeFloats(d, []float32{1, float32(math.NaN()), float32(math.Inf(-1))})
		file := encodeRaw(t, d, []int{3}, nan)
		f := openBytes(t, file)
		if err := f.Verify(context.Background(), false, nil); err != nil {
			t.Errorf("%s: digests: %v", d, err)
		}
		if err := f.Verify(context.Background(), true, nil); !errors.Is(err, ErrNotFinite) {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := openBytes(t, fixture16K(t))
	if _, err := f.ReadAll(ctx, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAll: %v", err)
	}
	if err := f.Verify(ctx, false, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v", err)
	}
}

func TestProgress(t *testing.T) {
	f := openBytes(t, fixture16K(t))
	for name, run := range map[string]func(Progress) error{
		"ReadAll": func(p Progress) error { _, err := f.ReadAll(context.Background(), 2, p); return err },
		"Verify":  func(p Progress) error { return f.Verify(context.Background(), false, p) },
	} {
		var last, total int64
		if err := run(func(d, n int64) {
			if d < last {
				t.Errorf("%s: progress fell from %d to %d", name, last, d)
			}
			last, total = d, n
		}); err != nil || last != total || total == 0 {
			t.Errorf("%s: ended at %d of %d (%v)", name, last, total, err)
		}
	}
}

// TestHalf checks every half against the definition, and rounding against the nearest of all halves' neighbours.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		e, m := h>>10&31, float64(h&1023)
		want := math.Ldexp(1024+m, e-25)
		if e == 0 {
			want = math.Ldexp(m, -24)
		}
		if h&0x8000 != 0 {
			want = -want
		}
		got := halfToFloat(uint16(h))
		switch {
		case e == 31 && m == 0:
			if !math.IsInf(float64(got), 1-2*(h>>15)) {
				t.Fatalf("%#04x is %g", h, got)
			}
		case e == 31:
			if got == got {
				t.Fatalf("%#04x is %g", h, got)
			}
		default:
			if float64(got) != want || floatToHalf(got) != uint16(h) {
				t.Fatalf("%#04x is %g, want %g; back %#04x", h, got, want, floatToHalf(got))
			}
			// Half way to the next larger magnitude goes to the even one, anything else to the nearest.
			if h&0x7fff < 0x7bff {
				mid := (want + float64(halfToFloat(uint16(h+1)))) / 2
				even := uint16(h + h&1)
				if floatToHalf(float32(mid)) != even {
					t.Fatalf("half way from %#04x gives %#04x", h, floatToHalf(float32(mid)))
				}
			}
		}
	}
}
