package keymap

import (
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/weights"
)

// UniAD maps the reconstruction network of a UniAD checkpoint; its backbone is ignored here (EfficientNetB4 takes it from the same
// file). Sizes and numbers of layers are read from the shapes.
func UniAD(arrays []weights.Array) (*Network, error) {
	t, ignored := newTable(arrays).below("reconstruction.")
	for _, name := range ignored {
		if !strings.HasPrefix(strings.TrimPrefix(name, "module."), "backbone.") {
			return nil, fmt.Errorf("keymap: uniad: tensor %q: %w", name, ErrUnknown)
		}
	}
	n := &Network{Arch: "uniad", Flavour: "uniad", Ignored: ignored}
	s, err := t.uniadSizes()
	if err != nil {
		return nil, err
	}
	n.Config = map[string]any{
		"hidden_dim": s.hidden, "encoder_layers": s.encoders, "decoder_layers": s.decoders, "dim_feedforward": s.ff,
		"feature_size": []int{s.rows, s.cols}, "in_channels": s.channels,
	}
	if err := t.uniad(n, s); err != nil {
		return nil, err
	}
	return n, t.finish(n, func(string) bool { return false })
}

type uniadSizes struct{ hidden, ff, channels, rows, cols, encoders, decoders int }

func (t *table) uniadSizes() (uniadSizes, error) {
	s := uniadSizes{
		encoders: t.count("transformer.encoder.layers."), decoders: t.count("transformer.decoder.layers."),
	}
	for _, d := range []struct {
		name   string
		first  *int
		second *int
	}{
		{"input_proj.weight", &s.hidden, &s.channels},
		{"pos_embed.row_embed.weight", &s.rows, nil},
		{"pos_embed.col_embed.weight", &s.cols, nil},
		{"transformer.encoder.layers.0.linear1.weight", &s.ff, nil},
	} {
		shape, err := t.shape(d.name)
		if err != nil {
			return s, err
		}
		if len(shape) != 2 {
			return s, fmt.Errorf("keymap: tensor %q has shape %v, want 2 dimensions: %w", d.name, shape, ErrShape)
		}
		*d.first = shape[0]
		if d.second != nil {
			*d.second = shape[1]
		}
	}
	return s, nil
}

// count is one more than the largest number that follows the prefix in a name.
func (t *table) count(prefix string) int {
	n := 0
	for _, name := range t.names {
		var i int
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if _, err := fmt.Sscanf(rest, "%d.", &i); err == nil && i >= n && i < 1000 {
				n = i + 1
			}
		}
	}
	return n
}

func (t *table) uniad(n *Network, s uniadSizes) error {
	same := func(name string, shape ...int) error { return t.copy(n, name, name, shape...) }
	linear := func(name string, out, in int) error {
		if err := same(name+".weight", out, in); err != nil {
			return err
		}
		return same(name+".bias", out)
	}
	norm := func(name string) error {
		if err := same(name+".weight", s.hidden); err != nil {
			return err
		}
		return same(name+".bias", s.hidden)
	}
	attention := func(name string) error {
		if err := same(name+".in_proj_weight", 3*s.hidden, s.hidden); err != nil {
			return err
		}
		if err := same(name+".in_proj_bias", 3*s.hidden); err != nil {
			return err
		}
		return linear(name+".out_proj", s.hidden, s.hidden)
	}
	layer := func(p string, attentions []string, norms int) error {
		for _, a := range attentions {
			if err := attention(p + a); err != nil {
				return err
			}
		}
		for i := range norms {
			if err := norm(fmt.Sprintf("%snorm%d", p, i+1)); err != nil {
				return err
			}
		}
		if err := linear(p+"linear1", s.ff, s.hidden); err != nil {
			return err
		}
		return linear(p+"linear2", s.hidden, s.ff)
	}
	for i := range s.encoders {
		if err := layer(fmt.Sprintf("transformer.encoder.layers.%d.", i), []string{"self_attn"}, 2); err != nil {
			return err
		}
	}
	for i := range s.decoders {
		p := fmt.Sprintf("transformer.decoder.layers.%d.", i)
		if err := layer(p, []string{"self_attn", "multihead_attn"}, 3); err != nil {
			return err
		}
		if err := same(p+"learned_embed.weight", s.rows*s.cols, s.hidden); err != nil {
			return err
		}
	}
	if err := same("pos_embed.row_embed.weight", s.rows, s.hidden/2); err != nil {
		return err
	}
	if err := same("pos_embed.col_embed.weight", s.cols, s.hidden/2); err != nil {
		return err
	}
	if err := norm("transformer.decoder.norm"); err != nil {
		return err
	}
	if err := linear("input_proj", s.hidden, s.channels); err != nil {
		return err
	}
	return linear("output_proj", s.channels, s.hidden)
}
