package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
)

// Config is the configuration inside a model file. A part that the model does not
// have is nil.
type Config struct {
	Backbone  *Backbone `json:"backbone,omitempty"`
	Base      *Base     `json:"base,omitempty"`
	Refiner   *Refiner  `json:"refiner,omitempty"`
	Infer     Infer     `json:"infer"`
	ImageSize int       `json:"image_size"` // pixels of a side that images are resized to
	// Threshold is the score from which an image is anomalous; nil before calibration.
	Threshold *float64 `json:"threshold"`
	// Calibration is where Threshold comes from; nil before calibration.
	Calibration *Calibration `json:"calibration,omitempty"`
	Classes     []string     `json:"classes"` // names of the products that it learned
	Name        string       `json:"name"`
	Licence     string       `json:"licence"`
}

// Infer says how a model is used; flags override it.
type Infer struct {
	Diffusion
	Fusion
	// Rule is the fusion rule, "" for the paper's with all parts that there are.
	Rule string `json:"rule,omitempty"`
}

// The parts of Infer, under names that can stand side by side.
type (
	Diffusion = diffusion.Config
	Fusion    = fusion.Config
)

const (
	minImage = 16
	maxImage = 4096 // pixels
)

// DefaultInfer is method 4.8.
func DefaultInfer() Infer { return Infer{Diffusion: diffusion.Default(), Fusion: fusion.Default()} }

// Preset is the published model, EfficientNet-b4 and UniAD, with a U-Net of a size:
// see unet.Preset.
func Preset(name string) (Config, error) {
	refiner, err := DefaultRefiner(name)
	if err != nil {
		return Config{}, err
	}
	backbone := DefaultBackbone(EfficientNetB4)
	base := DefaultBase(UniAD, backbone.Channels())
	return Config{Backbone: &backbone, Base: &base, Refiner: &refiner, Infer: DefaultInfer(), ImageSize: refiner.ImageSize, Classes: []string{}}, nil
}

// Parse reads a configuration. What is left out has its default: parts are there when
// their section is, the image size of the refiner is that of the model, and the
// channels of the base are those of the backbone. Unknown keys and values without
// meaning are errors that name them.
func Parse(text []byte) (Config, error) {
	c, err := parse(text)
	if err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

func parse(text []byte) (Config, error) {
	c := Config{Infer: DefaultInfer(), ImageSize: 224, Classes: []string{}}
	// The parts hide those of Config: they are decoded below, over their defaults.
	file := struct {
		Backbone json.RawMessage `json:"backbone"`
		Base     json.RawMessage `json:"base"`
		Refiner  json.RawMessage `json:"refiner"`
		*Config
	}{Config: &c}
	if err := strict(text, &file); err != nil {
		return Config{}, fmt.Errorf("model: config: %w", err)
	}
	channels := 0
	if present(file.Backbone) {
		b := DefaultBackbone(archOf(file.Backbone, EfficientNetB4))
		if err := strict(file.Backbone, &b); err != nil {
			return Config{}, fmt.Errorf("model: config: backbone: %w", err)
		}
		if err := b.Validate(); err != nil {
			return Config{}, err
		}
		c.Backbone, channels = &b, b.Channels()
	}
	if present(file.Base) {
		b := DefaultBase(archOf(file.Base, UniAD), channels)
		if err := b.decode(file.Base); err != nil {
			return Config{}, fmt.Errorf("model: config: base: %w", err)
		}
		c.Base = &b
	}
	if present(file.Refiner) {
		r, err := DefaultRefiner("small")
		if err != nil {
			return Config{}, err
		}
		r.ImageSize = c.ImageSize
		if err := strict(file.Refiner, &r); err != nil {
			return Config{}, fmt.Errorf("model: config: refiner: %w", err)
		}
		c.Refiner = &r
	}
	return c, nil
}

func present(section json.RawMessage) bool { return len(section) > 0 && string(section) != "null" }

// archOf peeks at "arch"; what is wrong with it is found later.
func archOf(section json.RawMessage, otherwise string) string {
	peek := struct {
		Arch string `json:"arch"`
	}{otherwise}
	if json.Unmarshal(section, &peek) != nil {
		return otherwise
	}
	return peek.Arch
}

// strict decodes text, one JSON value, over to and refuses unknown keys.
func strict(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text behind the JSON value")
	}
	return nil
}

// Rule is the fusion rule that the settings name; by default the paper's, or the base
// map where there is no refiner.
func (c Config) Rule() string {
	switch {
	case c.Infer.Rule != "":
		return c.Infer.Rule
	case c.Refiner == nil:
		return "base"
	}
	return "paper"
}

// Validate names the first key whose value has no meaning, or that does not fit
// another one.
func (c Config) Validate() error {
	if c.ImageSize < minImage || c.ImageSize > maxImage {
		return fmt.Errorf("model: image_size %d, want %d to %d", c.ImageSize, minImage, maxImage)
	}
	if t := c.Threshold; t != nil && (math.IsNaN(*t) || math.IsInf(*t, 0)) {
		return fmt.Errorf("model: threshold %g, want a finite one", *t)
	}
	if err := c.Calibration.validate(); err != nil {
		return err
	}
	if c.Backbone == nil && c.Base == nil && c.Refiner == nil {
		return errors.New("model: neither a backbone nor a base nor a refiner")
	}
	if c.Backbone != nil {
		if err := c.Backbone.Validate(); err != nil {
			return err
		}
	}
	if c.Base != nil {
		if c.Backbone == nil {
			return errors.New("model: a base without a backbone")
		}
		if err := c.Base.Validate(); err != nil {
			return err
		}
		if have, want := c.Backbone.Channels(), c.Base.Channels(); have != want {
			return fmt.Errorf("model: base: in_channels %d, the backbone has %d", want, have)
		}
	}
	if c.Refiner != nil {
		if err := c.validateRefiner(); err != nil {
			return err
		}
	}
	return c.Infer.validate()
}

func (c Config) validateRefiner() error {
	if err := c.Refiner.Validate(); err != nil {
		return err
	}
	if c.Refiner.ImageSize != c.ImageSize {
		return fmt.Errorf("model: refiner: image_size %d, the model's is %d", c.Refiner.ImageSize, c.ImageSize)
	}
	if err := c.Infer.Diffusion.Validate(c.ImageSize, c.Refiner.DiffusionSteps); err != nil {
		return fmt.Errorf("model: infer: %w", err)
	}
	return nil
}

func (i Infer) validate() error {
	if err := i.Fusion.Validate(); err != nil {
		return fmt.Errorf("model: infer: %w", err)
	}
	return nil
}
