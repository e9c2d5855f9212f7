package measure

import (
	"context"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/runtime/fusion"
)

// Scores yields the class and the score of every image that is done.
func (m *Measurement) Scores(yield func(class string, score float32)) error {
	for _, d := range m.done {
		yield(d.Class, float32(d.row.Score))
	}
	return nil
}

// Each visits every image that is done, until the first error.
func (m *Measurement) Each(visit func(path, class string) error) error {
	for _, d := range m.done {
		if err := visit(d.Path, d.Class); err != nil {
			return err
		}
	}
	return nil
}

// Quantiles are those of all values of the maps of number i of Names: the value that
// half of them, and that 99.5% of them, do not exceed. It holds them all, 4 bytes
// each. A map whose values are all alike has none.
func (m *Measurement) Quantiles(ctx context.Context, i int) (fusion.Quantiles, error) {
	var all []float32
	for _, d := range m.done {
		if ctx.Err() != nil {
			return fusion.Quantiles{}, context.Cause(ctx)
		}
		h, err := m.read(d.row, i)
		if err != nil {
			return fusion.Quantiles{}, err
		}
		all = append(all, h.Val...)
	}
	slices.Sort(all)
	at := func(share float64) float64 { return float64(all[min(int(share*float64(len(all))), len(all)-1)]) }
	q := fusion.Quantiles{Median: at(0.5), High: at(0.995)}
	if q.High <= q.Median {
		return q, fmt.Errorf("measure: half of the %d values are at least %g, and 99.5%% are not above it: no scale to normalise by", len(all), q.Median)
	}
	return q, nil
}
