package model

import (
	"encoding/json"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/bank"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
)

// Architectures of Base.
const (
	UniAD = "uniad"
	Bank  = "bank"
)

// Base configures the network that tells how unlike normal ones features are. Of
// UniAD and Bank only the one that Arch names counts; in JSON its fields stand beside
// "arch".
type Base struct {
	Arch  string
	UniAD uniad.Config
	Bank  bank.Config
}

// DefaultBase is the default of an architecture for features of so many channels.
func DefaultBase(arch string, channels int) Base {
	b := Base{Arch: arch, UniAD: uniad.Default(), Bank: bank.Default()}
	b.UniAD.InChannels, b.Bank.InChannels = channels, channels
	return b
}

// MarshalJSON writes the fields of the architecture.
func (b Base) MarshalJSON() ([]byte, error) {
	if b.Arch == Bank {
		return json.Marshal(struct {
			Arch string `json:"arch"`
			bank.Config
		}{b.Arch, b.Bank})
	}
	return json.Marshal(struct {
		Arch string `json:"arch"`
		uniad.Config
	}{b.Arch, b.UniAD})
}

// decode reads the fields over those of b; unknown ones are errors.
func (b *Base) decode(text json.RawMessage) error {
	if b.Arch == Bank {
		section := struct {
			Arch string `json:"arch"`
			*bank.Config
		}{Config: &b.Bank}
		return strict(text, &section)
	}
	section := struct {
		Arch string `json:"arch"`
		*uniad.Config
	}{Config: &b.UniAD}
	return strict(text, &section)
}

// base is what the architectures have in common.
type base interface {
	Validate() error
	Tensors() []graph.Source
	Params() int
}

func (b Base) network() base {
	if b.Arch == Bank {
		return b.Bank
	}
	return b.UniAD
}

// Validate names the first field that has no meaning.
func (b Base) Validate() error {
	if b.Arch != UniAD && b.Arch != Bank {
		return fmt.Errorf("model: base arch %q, want %q or %q", b.Arch, UniAD, Bank)
	}
	if err := b.network().Validate(); err != nil {
		return fmt.Errorf("model: base: %w", err)
	}
	return nil
}

// Part is the part of a model file that holds the tensors: "base" or "bank".
func (b Base) Part() string {
	if b.Arch == Bank {
		return "bank"
	}
	return "base"
}

// Tensors lists the stored tensors, without the part's prefix.
func (b Base) Tensors() []graph.Source { return b.network().Tensors() }

// Params is the number of parameters.
func (b Base) Params() int { return b.network().Params() }

// FeatureSize is the grid of the features: rows and columns.
func (b Base) FeatureSize() [2]int {
	if b.Arch == Bank {
		return b.Bank.FeatureSize
	}
	return b.UniAD.FeatureSize
}

// Channels is the number of channels of the features.
func (b Base) Channels() int {
	if b.Arch == Bank {
		return b.Bank.InChannels
	}
	return b.UniAD.InChannels
}

// Build returns the base heatmap [N, h, w, 1] of features [N, rows, columns,
// Channels] (Eq. 2). weights is F32 or F16. b must be valid; errors of shapes are
// kept by g.
func (b Base) Build(g *graph.Graph, weights kernels.Type, features graph.Value, h, w int) graph.Value {
	prefix := b.Part() + "."
	if b.Arch == Bank {
		return bank.Heatmap(g, b.Bank.Build(g, bank.Options{Prefix: prefix}, features), h, w)
	}
	rebuilt := b.UniAD.Build(g, uniad.Options{Prefix: prefix, Weights: weights}, features)
	g.Check("base: reconstruction", rebuilt)
	return uniad.Heatmap(g, features, rebuilt, h, w)
}
