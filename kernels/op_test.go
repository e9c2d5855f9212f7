package kernels

import (
	"errors"
	"strings"
	"testing"
)

// badShape is inputs that an operation refuses, and what its error says.
type badShape struct {
	op   Op
	in   []Tensor
	want string
}

func wantRefused(t *testing.T, rows []badShape) {
	t.Helper()
	for _, r := range rows {
		out, err := r.op.Infer(r.in)
		if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%+v of %v: got %v, %v, want a shape error with %q", r.op, r.in, out, err, r.want)
		}
	}
}

// reference is the first output of op on in.
func reference(t *testing.T, op Op, in ...*Array) *Array {
	t.Helper()
	c := Case{Op: op}
	for _, a := range in {
		c.In = append(c.In, a.Tensor)
	}
	out, err := c.Outputs(in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// array is an f32 array of the values, row-major without padding lanes.
func array(n, h, w, c int, values ...float64) *Array {
	a, i := NewArray(Float(n, h, w, c)), 0
	eachElem(a.Shape, func(n, h, w, c int) {
		a.Set(n, h, w, c, values[i%len(values)])
		i++
	})
	return a
}

func TestWant(t *testing.T) {
	wantRefused(t, []badShape{
		{Clamp{}, nil, "0 inputs, want 1"},
		{Clamp{}, []Tensor{Uint(1, 1, 1, 1)}, "input 0 is u32 1x1x1x1, want f32"},
		{Clamp{}, []Tensor{Float(1, 0, 1, 1)}, "every extent must be positive"},
		{Clamp{}, []Tensor{Float(1, 1<<15, 1<<15, 4)}, "below 2^31 values"},
		{Clamp{}, []Tensor{Float(1, 1<<15, 1<<15, 1)}, "below 2^31 values"},
	})
}

// TestGrid checks that a folded grid covers the groups, within the limit and
// with less than a row to spare.
func TestGrid(t *testing.T) {
	target := DefaultTarget()
	for _, groups := range []int{1, 65535, 65536, 65537, 131070, 131071, 1 << 20, 65535 * 65535} {
		g, err := target.Grid(groups)
		if err != nil {
			t.Fatal(err)
		}
		n := int(g[0]) * int(g[1]) * int(g[2])
		if g[0] > 65535 || g[1] > 65535 || g[2] != 1 || n < groups || n-groups >= int(g[1]) {
			t.Errorf("%d groups: grid %v of %d", groups, g, n)
		}
	}
	if g, err := target.Grid(65535*65535 + 1); !errors.Is(err, ErrLimit) {
		t.Errorf("got %v, %v, want a limit error", g, err)
	}
}
