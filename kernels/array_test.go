package kernels

import (
	"encoding/binary"
	"math"
	"testing"
)

// TestHalfExhaustive widens each of the 65,536 halves and rounds it back.
func TestHalfExhaustive(t *testing.T) {
	for h := range 1 << 16 {
		h := uint16(h)
		got := HalfToFloat(h)
		sign, exp, frac := 1-2*float64(h>>15), int(h>>10&31), float64(h&0x3ff)
		var want float64
		switch {
		case exp == 31 && frac != 0:
			if !math.IsNaN(float64(got)) {
				t.Fatalf("%#04x: got %g, want a NaN", h, got)
			}
			if back := FloatToHalf(got); back&0x7c00 != 0x7c00 || back&0x3ff == 0 {
				t.Fatalf("%#04x: rounds back to %#04x, want a NaN", h, back)
			}
			continue
		case exp == 31:
			want = math.Inf(int(sign))
		case exp == 0:
			want = sign * math.Ldexp(frac, -24)
		default:
			want = sign * math.Ldexp(1024+frac, exp-25)
		}
		if float64(got) != want || math.Signbit(float64(got)) != (h>>15 == 1) {
			t.Fatalf("%#04x: got %g, want %g", h, got, want)
		}
		if back := FloatToHalf(got); back != h {
			t.Fatalf("%#04x: rounds back to %#04x", h, back)
		}
	}
}

// TestFloatToHalfNearest checks the rounding between each two neighbouring
// finite halves: just below the middle, at it (to even) and just above.
func TestFloatToHalfNearest(t *testing.T) {
	for h := range uint16(0x7c00) {
		low, high := float64(HalfToFloat(h)), float64(HalfToFloat(h+1))
		if h == 0x7bff {
			high = 65536
		}
		mid := float32((low + high) / 2) // exact: one bit more than a half
		even := h + h&1
		for _, r := range []struct {
			x    float32
			want uint16
		}{
			{math.Nextafter32(mid, 0), h}, {mid, even}, {math.Nextafter32(mid, 1e9), h + 1},
		} {
			if got := FloatToHalf(r.x); got != r.want {
				t.Fatalf("%g: got %#04x, want %#04x", r.x, got, r.want)
			}
			if got := FloatToHalf(-r.x); got != r.want|0x8000 {
				t.Fatalf("%g: got %#04x, want %#04x", -r.x, got, r.want|0x8000)
			}
		}
	}
	if got := FloatToHalf(math.MaxFloat32); got != 0x7c00 {
		t.Errorf("the largest float: got %#04x, want infinity", got)
	}
}

func TestArrayBytes(t *testing.T) {
	for _, r := range []struct {
		tensor Tensor
		values []float64
		want   []uint32 // words
	}{
		{Float(1, 1, 2, 1), []float64{1, -2.5}, []uint32{0x3f800000, 0, 0, 0, 0xc0200000, 0, 0, 0}},
		{Half(1, 1, 1, 3), []float64{1, -2, 65504}, []uint32{0xc0003c00, 0x00007bff}},
		{Uint(1, 1, 1, 4), []float64{0, 1, 1 << 31, 1<<32 - 1}, []uint32{0, 1, 1 << 31, 1<<32 - 1}},
	} {
		a := NewArray(r.tensor)
		for i, v := range r.values {
			c := r.tensor.Shape[3]
			a.Set(0, 0, i/c, i%c, v)
		}
		b := a.Bytes()
		if len(b) != 4*len(r.want) {
			t.Fatalf("%v: %d bytes, want %d", r.tensor, len(b), 4*len(r.want))
		}
		for i, w := range r.want {
			if got := binary.LittleEndian.Uint32(b[4*i:]); got != w {
				t.Errorf("%v: word %d is %#x, want %#x", r.tensor, i, got, w)
			}
		}
		back := NewArray(r.tensor)
		back.SetBytes(b)
		for i, v := range a.Data {
			if back.Data[i] != v {
				t.Errorf("%v: value %d came back as %g, want %g", r.tensor, i, back.Data[i], v)
			}
		}
	}
}

func TestEncodeDecode(t *testing.T) {
	values := []float32{1, -0.5, 3, 7}
	for typ, size := range map[Type]int{F32: 16, F16: 8, U32: 16} {
		if b := Encode(typ, values); len(b) != size {
			t.Errorf("%v: %d bytes, want %d", typ, len(b), size)
		}
	}
	if h := Encode(F16, values); h[2] != 0x00 || h[3] != 0xb8 {
		t.Errorf("-0.5 as a half is % x, want 00 b8", h[2:4])
	}
	for i, v := range Decode32(Encode(F32, values)) {
		if v != values[i] {
			t.Errorf("value %d: got %g, want %g", i, v, values[i])
		}
	}
}

func TestRound(t *testing.T) {
	const third = 1.0 / 3
	for _, r := range []struct {
		typ  Type
		want float64
	}{
		{F32, float64(float32(third))}, {F16, 1365.0 / 4096}, {U32, 0},
	} {
		a := NewArray(Tensor{Shape{1, 1, 1, 1}, r.typ})
		a.Data[0] = third
		if a.Round(); a.Data[0] != r.want {
			t.Errorf("%v: a third rounds to %v, want %v", r.typ, a.Data[0], r.want)
		}
	}
}
