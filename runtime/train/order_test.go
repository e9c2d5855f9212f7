package train

import (
	"slices"
	"testing"
)

// TestOrder reads three epochs: each holds every image once, no two are alike, and
// what a sample reads depends neither on the samples asked for before nor on
// anything but the seed.
func TestOrder(t *testing.T) {
	const images, epochs = 50, 3
	order := func(seed uint64) *Order {
		o, err := NewOrder(images, seed)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := order(7)
	var seen [epochs][]int
	for e := range epochs {
		for i := range images {
			seen[e] = append(seen[e], o.At(e*images+i))
		}
		sorted := slices.Sorted(slices.Values(seen[e]))
		for i, v := range sorted {
			if v != i {
				t.Fatalf("epoch %d reads %v", e, sorted)
			}
		}
	}
	if slices.Equal(seen[0], seen[1]) || slices.Equal(seen[1], seen[2]) {
		t.Error("two epochs have the same order")
	}
	again, other, same := order(7), order(8), 0
	for n := epochs*images - 1; n >= 0; n-- {
		if got, want := again.At(n), seen[n/images][n%images]; got != want {
			t.Fatalf("sample %d read backwards is image %d, want %d", n, got, want)
		}
		if other.At(n) == again.At(n) {
			same++
		}
	}
	if same > images {
		t.Errorf("%d of %d samples are the same with another seed", same, epochs*images)
	}
	if _, err := NewOrder(0, 1); err == nil {
		t.Error("an order of no images")
	}
}
