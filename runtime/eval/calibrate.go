package eval

import (
	"fmt"
	"math"
	"slices"
)

// Calibration is what the scores of normal images say about their class.
type Calibration struct {
	Images    int     `json:"images"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"` // standard, of the sample (n-1); 0 for one image
	Min       float64 `json:"min"`
	Median    float64 `json:"median"`
	// At least so many per cent of the scores are at most these.
	Q90 float64 `json:"q90"`
	Q99 float64 `json:"q99"`
	Max float64 `json:"max"`
	// Threshold calls a score of at least it anomalous.
	Threshold float64 `json:"threshold"`
	// FalseAlarms bounds the probability that a new normal image is called
	// anomalous. It is above the rate asked for when there are too few images to
	// promise that rate: n images promise 1/(n+1) at best.
	FalseAlarms float64 `json:"false_alarms"`
}

// Calibrate sets the threshold for a rate of false alarms in (0, 1) from the
// scores of normal images that the model has not learnt from. The threshold is
// the float32 value next above the k-th smallest of n scores, k =
// ceil((n+1)(1-rate)), at most n: then a new score like these is beyond it with
// probability at most (n+1-k)/(n+1), whatever the distribution (Vovk, Gammerman,
// Shafer, "Algorithmic learning in a random world", 2005, split conformal
// prediction). It wraps [ErrValue].
func Calibrate(scores []float32, rate float64) (Calibration, error) {
	if !(rate > 0 && rate < 1) {
		return Calibration{}, fmt.Errorf("eval: calibrate: %w: rate of false alarms %v, want between 0 and 1", ErrValue, rate)
	}
	if len(scores) == 0 {
		return Calibration{}, fmt.Errorf("eval: calibrate: %w: no scores", ErrValue)
	}
	for i, s := range scores {
		if !finite(s) {
			return Calibration{}, fmt.Errorf("eval: calibrate: %w: score %d is %v", ErrValue, i, s)
		}
	}
	s := slices.Sorted(slices.Values(scores))
	n := len(s)
	k := min(int(math.Ceil(float64(n+1)*(1-rate)-1e-9)), n)
	c := Calibration{
		Images: n, Min: float64(s[0]), Median: (float64(s[(n-1)/2]) + float64(s[n/2])) / 2, Max: float64(s[n-1]),
		Threshold:   float64(math.Nextafter32(s[k-1], math.MaxFloat32)),
		FalseAlarms: float64(n+1-k) / float64(n+1),
	}
	c.Q90, c.Q99 = float64(s[(90*n+99)/100-1]), float64(s[(99*n+99)/100-1])
	for _, v := range s {
		c.Mean += float64(v) / float64(n)
	}
	if n > 1 {
		for _, v := range s {
			d := float64(v) - c.Mean
			c.Deviation += d * d / float64(n-1)
		}
		c.Deviation = math.Sqrt(c.Deviation)
	}
	return c, nil
}
