package kernels

import (
	"errors"
	"testing"
)

func TestBroadcast(t *testing.T) {
	for _, r := range []struct {
		shapes []Shape
		want   Shape // zero: an error
	}{
		{[]Shape{{2, 3, 4, 5}}, Shape{2, 3, 4, 5}},
		{[]Shape{{2, 3, 4, 5}, {1, 1, 1, 1}}, Shape{2, 3, 4, 5}},
		{[]Shape{{1, 3, 1, 5}, {2, 1, 4, 1}}, Shape{2, 3, 4, 5}},
		{[]Shape{{1, 3, 1, 5}, {2, 1, 1, 1}, {1, 1, 4, 5}}, Shape{2, 3, 4, 5}},
		{[]Shape{{2, 3, 4, 5}, {2, 3, 4, 6}}, Shape{}},
		{[]Shape{{2, 1, 1, 1}, {1, 1, 1, 1}, {3, 1, 1, 1}}, Shape{}},
	} {
		got, err := broadcast(r.shapes...)
		if r.want == (Shape{}) != errors.Is(err, ErrShape) || err == nil && got != r.want {
			t.Errorf("%v: got %v, %v, want %v", r.shapes, got, err, r.want)
		}
	}
}
