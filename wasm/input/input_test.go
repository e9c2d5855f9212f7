package input_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/input"
)

func TestImage(t *testing.T) {
	map2 := func(v float32) []float32 { return []float32{v, v} }
	s := &fusion.Stack{W: 2, H: 1, Base: map2(9), Maps: []fusion.Map{{Timestep: 250, Cell: 16, Scale: 1, Val: map2(1)}, {Timestep: 225, Cell: 16, Scale: 2, Val: map2(2)}}}
	c := fusion.Config{
		MeanFilter: 5, Alpha: 0.75, Normalize: fusion.NormalizeTrainQuantile,
		RefinedQuantiles: &fusion.Quantiles{Median: 1, High: 3}, BaseQuantiles: &fusion.Quantiles{Median: 2, High: 6},
	}
	params := []abi.Param{{Key: "a", Value: "1"}}
	got, err := input.Image(s, c, input.About{SourceWidth: 640, SourceHeight: 480, Class: "screw"}, params)
	if err != nil {
		t.Fatal(err)
	}
	want := abi.Image{
		Width: 2, Height: 1, Maps: 3, SourceWidth: 640, SourceHeight: 480, MeanFilter: 5, Class: "screw", Params: params,
		Weights: abi.Weights{Refined: 0.75 / 2, Base: 0.25 / 4, Shift: -0.75/2 - 0.25/2},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	var maps []abi.Map
	var first []float32
	for m, pixels := range input.Maps(s) {
		maps, first = append(maps, m), append(first, pixels[0])
	}
	if want := []abi.Map{{Kind: abi.Base}, {Kind: abi.Refined, Timestep: 250, Cell: 16, Scale: 1}, {Kind: abi.Refined, Timestep: 225, Cell: 16, Scale: 2}}; !reflect.DeepEqual(maps, want) {
		t.Errorf("maps %+v, want %+v", maps, want)
	}
	if want := []float32{9, 1, 2}; !reflect.DeepEqual(first, want) {
		t.Errorf("pixels %v, want %v", first, want)
	}

	// Without refined maps the base map has all the weight.
	s.Maps = nil
	if got, err = input.Image(s, c, input.About{}, nil); err != nil || got.Maps != 1 || got.Weights != (abi.Weights{Base: 0.25, Shift: -0.5}) {
		t.Errorf("a base map alone: %+v, %v", got, err)
	}

	c.BaseQuantiles = nil
	for _, test := range []struct {
		stack *fusion.Stack
		want  string
	}{
		{s, "needs base_quantiles"},
		{&fusion.Stack{W: 5000, H: 1}, "abi: width is 5000"},
		{&fusion.Stack{W: 1, H: 1}, "abi: number of maps is 0"},
	} {
		if _, err := input.Image(test.stack, c, input.About{}, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}
