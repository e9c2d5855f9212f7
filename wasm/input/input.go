package input

import (
	"iter"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
)

// About is what is known of an image beside its maps; the zero value means unknown.
type About struct {
	SourceWidth, SourceHeight int    // of the photo, pixels
	Class                     string // the product
}

// Image is the record of an image whose maps are s. The error names what is outside the contract, or what c lacks.
func Image(s *fusion.Stack, c fusion.Config, about About, params []abi.Param) (abi.Image, error) {
	weights, err := c.Weights(len(s.Maps) > 0, s.Base != nil)
	if err != nil {
		return abi.Image{}, err
	}
	img := abi.Image{
		Width: s.W, Height: s.H, Maps: len(s.Maps), SourceWidth: about.SourceWidth, SourceHeight: about.SourceHeight,
		MeanFilter: c.MeanFilter, Weights: abi.Weights(weights), Class: about.Class, Params: params,
	}
	if s.Base != nil {
		img.Maps++
	}
	return img, img.Check()
}

// Maps are those of a stack in the order of the contract: the base map, then the others as they stand.
func Maps(s *fusion.Stack) iter.Seq2[abi.Map, []float32] {
	return func(yield func(abi.Map, []float32) bool) {
		if s.Base != nil && !yield(abi.Map{Kind: abi.Base}, s.Base) {
			return
		}
		for _, m := range s.Maps {
			if !yield(abi.Map{Kind: abi.Refined, Timestep: m.Timestep, Cell: m.Cell, Scale: m.Scale}, m.Val) {
				return
			}
		}
	}
}
