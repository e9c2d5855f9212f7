package model

import (
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/unet"
)

// UNet is the architecture of Refiner.
const UNet = "unet"

// Refiner configures the diffusion model.
type Refiner struct {
	Arch string `json:"arch"`
	unet.Config
	NoiseSchedule  string `json:"noise_schedule"`  // linear or cosine
	DiffusionSteps int    `json:"diffusion_steps"` // of the schedule
}

// DefaultRefiner is the U-Net of a preset (unet.Preset) on the linear
// schedule of 1,000 steps.
func DefaultRefiner(preset string) (Refiner, error) {
	c, err := unet.Preset(preset)
	if err != nil {
		return Refiner{}, fmt.Errorf("model: refiner: %w", err)
	}
	return Refiner{UNet, c, "linear", 1000}, nil
}

// Validate names the first field that has no meaning.
func (r Refiner) Validate() error {
	if r.Arch != UNet {
		return fmt.Errorf("model: refiner arch %q, want %q", r.Arch, UNet)
	}
	if err := r.Config.Validate(); err != nil {
		return fmt.Errorf("model: refiner: %w", err)
	}
	if r.InChannels != 6 || r.OutChannels != 3 {
		return fmt.Errorf("model: refiner: in_channels %d and out_channels %d, want 6 (image and condition) and 3", r.InChannels, r.OutChannels)
	}
	if _, err := r.Schedule(); err != nil {
		return fmt.Errorf("model: refiner: %w", err)
	}
	return nil
}

// Schedule makes the noise schedule.
func (r Refiner) Schedule() (*diffusion.Schedule, error) {
	return diffusion.NewSchedule(r.NoiseSchedule, r.DiffusionSteps)
}

// Denoiser is the U-Net with the stored tensors below "refiner." and weights of type
// F32 or F16 on the device.
func (r Refiner) Denoiser(weights kernels.Type) diffusion.Denoiser {
	return denoiser{r.Config, unet.Options{Prefix: "refiner.", Weights: weights}}
}

// Trainee is the Denoiser whose parameters can be trained.
func (r Refiner) Trainee() diffusion.Denoiser {
	return denoiser{r.Config, unet.Options{Prefix: "refiner.", Trainable: true}}
}

// Eval applies the U-Net to x, one image of 6 channels or two of 3 (noisy, condition),
// at the model index t [N or 1, 1, 1, 1], and returns the noise [N, H, W, 3].
func (r Refiner) Eval(g *graph.Graph, weights kernels.Type, t graph.Value, x ...graph.Value) graph.Value {
	return r.Config.Build(g, unet.Options{Prefix: "refiner.", Weights: weights}, t, x...)
}

type denoiser struct {
	config  unet.Config
	options unet.Options
}

func (d denoiser) Denoise(g *graph.Graph, in diffusion.Noisy) graph.Value {
	return d.config.Build(g, d.options, in.Index, in.X, in.Condition)
}
