package kernels

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/drdc-dev/drdc/shaders"
)

// owners maps each shader file to the operation that lists it.
func owners() map[string]string {
	m := map[string]string{}
	for _, e := range Table() {
		for _, f := range e.Files {
			m[f] = e.Name
		}
	}
	return m
}

// TestFilesHaveOneOwner checks that each shader with an entry point belongs to
// one operation.
func TestFilesHaveOneOwner(t *testing.T) {
	count := map[string]int{}
	for _, e := range Table() {
		for _, f := range e.Files {
			count[f]++
		}
	}
	for _, f := range shaders.Names() {
		if count[f] != 1 {
			t.Errorf("%s belongs to %d operations, want 1", f, count[f])
		}
		delete(count, f)
	}
	for f := range count {
		t.Errorf("%s is listed and has no entry point", f)
	}
}

func TestTable(t *testing.T) {
	names := map[string]bool{}
	sorted := slices.IsSortedFunc(Table(), func(a, b Entry) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	if !sorted {
		t.Error("the table is not sorted")
	}
	for _, e := range Table() {
		if names[e.Name] {
			t.Errorf("%s is listed twice", e.Name)
		}
		names[e.Name] = true
		cases := map[string]bool{}
		for _, c := range e.Cases {
			if c.Name == "" || cases[c.Name] {
				t.Errorf("%s: case %q has no name of its own", e.Name, c.Name)
			}
			if cases[c.Name] = true; c.Bound != 0 && c.Why == "" {
				t.Errorf("%s, %s: a bound without a reason", e.Name, c.Name)
			}
		}
		a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		for i := range 200 {
			c := e.Random(a)
			if d := e.Random(b); !reflect.DeepEqual(c.Op, d.Op) || !reflect.DeepEqual(c.In, d.In) {
				t.Errorf("%s: random case %d is not the same for the same seed", e.Name, i)
			}
			if _, err := c.Op.Infer(c.In); err != nil {
				t.Errorf("%s: random case %d, %+v of %v: %v", e.Name, i, c.Op, c.In, err)
			}
		}
	}
}

func TestCaseInputs(t *testing.T) {
	c := Case{Op: Clamp{}, In: []Tensor{Float(2, 3, 4, 5), Uint(1, 1, 1, 4), Half(1, 1, 1, 6)}}
	a, b, other := c.Inputs(7), c.Inputs(7), c.Inputs(8)
	for i := range a {
		if !slices.Equal(a[i].Data, b[i].Data) {
			t.Errorf("input %d differs for one seed", i)
		}
		if slices.Equal(a[i].Data, other[i].Data) {
			t.Errorf("input %d is the same for two seeds", i)
		}
		rounded := &Array{a[i].Tensor, slices.Clone(a[i].Data)}
		if rounded.Round(); !slices.Equal(rounded.Data, a[i].Data) {
			t.Errorf("input %d holds values that %v cannot", i, a[i].Type)
		}
	}
}

func TestBounds(t *testing.T) {
	for class, want := range map[Class]float64{Elementwise: 1e-10, Norm: 1e-9, Contraction: 1e-7} {
		if got := class.Bound(); got != want {
			t.Errorf("class %d: bound %g, want %g", class, got, want)
		}
	}
}
