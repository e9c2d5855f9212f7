package cli

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"devices", "detect", "version", "train", "eval", "run"}
	for word, want := range map[string][]string{
		"device":  {"devices"},
		"detcet":  {"detect"},
		"verison": {"version"},
		"trian":   {"train"},
		"evla":    nil, // two changes of four letters may be anything
		"evals":   {"eval"},
		"rum":     {"run"},
		"x":       nil,
		"":        nil,
	} {
		if got := nearest(word, known); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0},
	} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("%q, %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
