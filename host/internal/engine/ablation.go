package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/diffusion"
)

// Row is one line of the ablation: what of the method is on (Table 5 of the paper).
type Row struct {
	Name            string   `json:"name"`
	Model           bool     `json:"model_conditioning"`
	TestTime        bool     `json:"test_time_conditioning"`
	Fusion          bool     `json:"spatio_temporal_fusion"`
	MultiScaleBase  bool     `json:"multi_scale_base"`
	BaseMap         bool     `json:"base_map"`
	RefinedMap      bool     `json:"refined_map"`
	PaperImageAUROC *float64 `json:"paper_image_auroc"` // on MVTec AD; null where the paper has no such row
	PaperPixelAUROC *float64 `json:"paper_pixel_auroc"`
}

// AblationNotes say what the rows are, where one trained model cannot be what the
// paper trained several for.
func AblationNotes() []string {
	return []string{
		"one trained model makes all rows; nothing is trained anew for a row",
		"no model conditioning: the condition image is noise in every cell, for a refiner that learned with it; a refiner that learned without one may do better",
		"no test-time conditioning: sampler parallel, each timestep from the noised image, nothing put back between them",
		"no fusion: the last timestep's map at the finest scale, smoothed as the others are",
		"multi-scale base: the mean of the base map and of its means over 2, 4, ... cells of the features, as for the refined maps; the features themselves are not pooled",
		"the paper's figures are of MVTec AD; which of its two rows with one conditioning is which is a guess, as the table's text has lost its columns",
	}
}

// Ablate gives a spec with the whole method, planned for one rule, a variant for
// every row but the last of the result, which is the spec itself. Rows that differ
// in what they take of the maps alone share the maps: the refiner runs three times.
func Ablate(spec worker.Spec) (worker.Spec, []Row, error) {
	var whole settings
	if err := json.Unmarshal(spec.Settings, &whole); err != nil {
		return spec, nil, fmt.Errorf("settings: %w", err)
	}
	switch {
	case !whole.Refine:
		return spec, nil, errors.New("the ablation needs a refiner and a base: the model has no refiner, or --no-refine leaves it out")
	case len(spec.Variants) > 0 || whole.Rule != "paper":
		return spec, nil, errors.New("the ablation is that of the rule paper: leave --rule out")
	case whole.Sampler != diffusion.DDIM || whole.Condition == diffusion.PureNoise:
		return spec, nil, fmt.Errorf("the ablation starts from both conditionings, but the sampler is %q: give --sampler %s", whole.Sampler, diffusion.DDIM)
	case whole.Alpha == 0 || whole.Alpha == 1:
		return spec, nil, fmt.Errorf("the ablation needs both maps, but alpha is %g", whole.Alpha)
	}
	rows := ablation()
	for _, r := range rows[:len(rows)-1] {
		s := whole
		r.apply(&s)
		text, err := json.Marshal(s)
		if err != nil {
			return spec, nil, err
		}
		spec.Variants = append(spec.Variants, worker.Variant{Name: r.Name, Settings: text, Rule: s.Rule})
	}
	return spec, rows, nil
}

func ablation() []Row {
	of := func(v float64) *float64 { return &v }
	return []Row{
		{Name: "base alone", BaseMap: true, PaperImageAUROC: of(0.965), PaperPixelAUROC: of(0.968)},
		{Name: "refined alone, no fusion", Model: true, TestTime: true, RefinedMap: true},
		{Name: "refined alone", Model: true, TestTime: true, Fusion: true, RefinedMap: true},
		{Name: "test-time conditioning only, no fusion", TestTime: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9587), PaperPixelAUROC: of(0.9643)},
		{Name: "model conditioning only, no fusion", Model: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9660), PaperPixelAUROC: of(0.9715)},
		{Name: "no model conditioning", TestTime: true, Fusion: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9774), PaperPixelAUROC: of(0.9802)},
		{Name: "no test-time conditioning", Model: true, Fusion: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9800), PaperPixelAUROC: of(0.9782)},
		{Name: "no fusion", Model: true, TestTime: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9780), PaperPixelAUROC: of(0.9798)},
		{Name: "multi-scale base", Model: true, TestTime: true, Fusion: true, MultiScaleBase: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9756), PaperPixelAUROC: of(0.9769)},
		{Name: "whole method", Model: true, TestTime: true, Fusion: true, BaseMap: true, RefinedMap: true, PaperImageAUROC: of(0.9845), PaperPixelAUROC: of(0.9805)},
	}
}

// apply turns off in s what the row does without.
func (r Row) apply(s *settings) {
	switch {
	case !r.RefinedMap:
		s.Rule = "base"
		return
	case !r.BaseMap:
		s.Rule = "refined"
	}
	if !r.Model {
		s.Condition = diffusion.PureNoise
	}
	if !r.TestTime {
		s.Sampler = diffusion.Parallel
	}
	s.OneMap = !r.Fusion
	if r.MultiScaleBase {
		s.BaseScales = slices.Clone(s.Scales)
	}
}
