// The paper's fusion (Eq. 15 to 17) as a plugin: the bytes of the built-in rule "paper".
package main

import "github.com/drdc-dev/drdc/wasm/guest"

type paper struct {
	image   guest.Image
	refined []float32 // sum of the refined maps
	count   int       // of them
	base    []float32 // nil without one
}

func (r *paper) Map(m guest.Map) {
	if m.Kind == guest.Base {
		r.base = append([]float32(nil), m.Pixels...)
		return
	}
	guest.Add(r.refined, m.Pixels)
	r.count++
}

func (r *paper) Finish(heatmap []float32) float32 {
	if r.count > 0 {
		guest.Divide(r.refined, float32(r.count))
		guest.Box(r.refined, r.image.Width, r.image.Height, r.image.MeanFilter)
	}
	guest.Weigh(heatmap, r.refined, r.base, r.image)
	return guest.Score(heatmap, r.image.Width, r.image.Height)
}

func init() {
	guest.Register(func(m guest.Image) (guest.Rule, error) {
		return &paper{image: m, refined: make([]float32, m.Width*m.Height)}, nil
	})
}

func main() {}
