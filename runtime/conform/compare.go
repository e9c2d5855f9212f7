package conform

import (
	"fmt"
	"math"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
)

// Difference is how far an array is from the one that was wanted.
type Difference struct {
	NMSE   float64 // sum of squared differences over sum of squared wanted values
	MaxAbs float64
	First  string // the first few mismatches with their index; empty when equal
}

// Compare measures got against want; both have the shape of want. A value that
// is not finite where the wanted one is gives an infinite NMSE.
func Compare(got, want *kernels.Array) Difference {
	var d Difference
	var num, den float64
	var first []string
	stride := want.Shape.C4() * 4
	for i := range want.Shape.Pixels() {
		for c := range want.Shape[3] {
			g, w := got.Data[i*stride+c], want.Data[i*stride+c]
			if g == w || math.IsNaN(g) && math.IsNaN(w) {
				den += finite(w) * finite(w)
				continue
			}
			diff := math.Abs(g - w)
			if math.IsNaN(diff) || math.IsInf(diff, 0) {
				diff = math.Inf(1)
			}
			num += diff * diff
			den += finite(w) * finite(w)
			if d.MaxAbs = max(d.MaxAbs, diff); len(first) < 4 {
				x, s := i, want.Shape
				first = append(first, fmt.Sprintf("[%d,%d,%d,%d] got %g want %g", x/(s[1]*s[2]), x/s[2]%s[1], x%s[2], c, g, w))
			}
		}
	}
	d.First = strings.Join(first, "; ")
	switch {
	case num == 0:
	case den == 0:
		d.NMSE = num // nothing to normalise by: the wanted values are all zero
	default:
		d.NMSE = num / den
	}
	return d
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
