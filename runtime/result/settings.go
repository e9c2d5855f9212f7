package result

import "github.com/drdc-dev/drdc/runtime/model"

// Settings are what decides a result besides the model and the image.
type Settings struct {
	model.Infer
	Refine    bool `json:"refine"`
	ImageSize int  `json:"image_size"`
	// RuleParams are for a plugin, "key=value".
	RuleParams []string `json:"rule_params,omitempty"`
}

// NewSettings are those of a model's configuration.
func NewSettings(c model.Config, ruleParams []string) Settings {
	return Settings{c.Infer, c.Refiner != nil, c.ImageSize, ruleParams}
}
