package keymap

import (
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/weights"
)

// UNet maps a guided-diffusion U-Net. Widths, levels, places of attention, the kind of resampling and of time conditioning are read
// from the shapes; numbers of heads do not show in them. Input and output channels stay as they are: see ExtendInput and
// CutLearnedSigma.
func UNet(arrays []weights.Array) (*Network, error) {
	t := newTable(arrays)
	if t.has("label_emb.weight") {
		return nil, fmt.Errorf("keymap: unet: tensor %q: class-conditional networks: %w", "label_emb.weight", ErrUnknown)
	}
	u, err := t.unetSizes()
	if err != nil {
		return nil, err
	}
	n := &Network{Arch: "unet", Flavour: "guided-diffusion", Config: u.config()}
	if err := u.walk(func(name string, shape ...int) error { return t.copy(n, name, name, shape...) }); err != nil {
		return nil, err
	}
	return n, t.finish(n, func(string) bool { return false })
}

// unet is what the shapes of a U-Net tell.
type unet struct {
	in, out, width, blocks int
	channels               []int  // of each level
	attention              []bool // of each level
	film                   bool   // use_scale_shift_norm
	resampleBlocks         bool   // resblock_updown
}

func (u *unet) config() map[string]any {
	mult, ds := make([]int, len(u.channels)), []int{}
	for i, c := range u.channels {
		mult[i] = c / u.width
		if u.attention[i] {
			ds = append(ds, 1<<i)
		}
	}
	return map[string]any{
		"model_channels": u.width, "channel_mult": mult, "num_res_blocks": u.blocks, "attention_ds": ds,
		"use_scale_shift_norm": u.film, "resblock_updown": u.resampleBlocks, "in_channels": u.in, "out_channels": u.out,
	}
}

func (t *table) unetSizes() (*unet, error) {
	u := new(unet)
	dim := func(name string, rank, i int, v *int) error {
		shape, err := t.shape(name)
		if err != nil {
			return err
		}
		if len(shape) != rank || shape[i] == 0 {
			return fmt.Errorf("keymap: unet: tensor %q has shape %v: %w", name, shape, ErrShape)
		}
		*v = shape[i]
		return nil
	}
	if err := dim("time_embed.0.weight", 2, 1, &u.width); err != nil {
		return nil, err
	}
	if err := dim("input_blocks.0.0.weight", 4, 1, &u.in); err != nil {
		return nil, err
	}
	if err := dim("out.2.weight", 4, 0, &u.out); err != nil {
		return nil, err
	}
	total := t.count("input_blocks.")
	u.blocks = total - 1
	for i := range total {
		// The first output block that goes up ends the deepest level.
		p := fmt.Sprintf("output_blocks.%d.", i)
		conv := t.has(p+"1.conv.weight") || t.has(p+"2.conv.weight")
		if conv || t.has(p+"1.in_layers.0.weight") || t.has(p+"2.in_layers.0.weight") {
			u.blocks, u.resampleBlocks = i, !conv
			break
		}
	}
	if u.blocks < 1 || total%(u.blocks+1) != 0 {
		return nil, fmt.Errorf("keymap: unet: %d input blocks do not make levels of %d: %w", total, u.blocks+1, ErrUnknown)
	}
	for i := 1; i < total; i += u.blocks + 1 {
		var c int
		if err := dim(fmt.Sprintf("input_blocks.%d.0.out_layers.3.weight", i), 4, 0, &c); err != nil {
			return nil, err
		}
		if c%u.width != 0 {
			return nil, fmt.Errorf("keymap: unet: input block %d has %d channels, no multiple of %d: %w", i, c, u.width, ErrShape)
		}
		u.channels = append(u.channels, c)
		u.attention = append(u.attention, t.has(fmt.Sprintf("input_blocks.%d.1.qkv.weight", i)))
	}
	var emb int
	if err := dim("input_blocks.1.0.emb_layers.1.weight", 2, 0, &emb); err != nil {
		return nil, err
	}
	u.film = emb == 2*u.channels[0]
	return u, nil
}

// walk visits every tensor of the network with its shape.
func (u *unet) walk(visit func(name string, shape ...int) error) error {
	var err error
	// both visits the weight and bias of a layer.
	both := func(name string, shape ...int) {
		if err == nil {
			err = visit(name+".weight", shape...)
		}
		if err == nil {
			err = visit(name+".bias", shape[0])
		}
	}
	embed := 4 * u.width
	res := func(p string, in, out int) {
		both(p+".in_layers.0", in)
		both(p+".in_layers.2", out, in, 3, 3)
		if u.film {
			both(p+".emb_layers.1", 2*out, embed)
		} else {
			both(p+".emb_layers.1", out, embed)
		}
		both(p+".out_layers.0", out)
		both(p+".out_layers.3", out, out, 3, 3)
		if in != out {
			both(p+".skip_connection", out, in, 1, 1)
		}
	}
	attend := func(p string, c int) {
		both(p+".norm", c)
		both(p+".qkv", 3*c, c, 1)
		both(p+".proj_out", c, c, 1)
	}
	both("time_embed.0", embed, u.width)
	both("time_embed.2", embed, embed)
	both("input_blocks.0.0", u.channels[0], u.in, 3, 3)
	skips, c, at := []int{u.channels[0]}, u.channels[0], 1
	for level, out := range u.channels {
		for range u.blocks {
			p := fmt.Sprintf("input_blocks.%d", at)
			res(p+".0", c, out)
			if c = out; u.attention[level] {
				attend(p+".1", c)
			}
			skips, at = append(skips, c), at+1
		}
		if level == len(u.channels)-1 {
			break
		}
		if p := fmt.Sprintf("input_blocks.%d.0", at); u.resampleBlocks {
			res(p, c, c)
		} else {
			both(p+".op", c, c, 3, 3)
		}
		skips, at = append(skips, c), at+1
	}
	res("middle_block.0", c, c)
	attend("middle_block.1", c)
	res("middle_block.2", c, c)
	at = 0
	for level := len(u.channels) - 1; level >= 0; level-- {
		for i := range u.blocks + 1 {
			p, child := fmt.Sprintf("output_blocks.%d", at), 1
			res(p+".0", c+skips[len(skips)-1], u.channels[level])
			skips, c = skips[:len(skips)-1], u.channels[level]
			if u.attention[level] {
				attend(p+".1", c)
				child = 2
			}
			if up := fmt.Sprintf("%s.%d", p, child); level > 0 && i == u.blocks && u.resampleBlocks {
				res(up, c, c)
			} else if level > 0 && i == u.blocks {
				both(up+".conv", c, c, 3, 3)
			}
			at++
		}
	}
	both("out.0", c)
	both("out.2", u.out, c, 3, 3)
	return err
}

func (n *Network) find(name string) (*weights.Named, error) {
	i := slices.IndexFunc(n.Tensors, func(t weights.Named) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("keymap: tensor %q: %w", name, ErrMissing)
	}
	return &n.Tensors[i], nil
}

// ExtendInput gives the first convolution of a U-Net the input channels of a condition: from 3 to 6, the new ones zero, so that the
// network starts as the one it was (method, section 3.4).
func ExtendInput(n *Network) error {
	w, err := n.find("input_blocks.0.0.weight")
	if err != nil {
		return err
	}
	if len(w.Shape) != 4 || w.Shape[1] != 3 {
		return fmt.Errorf("keymap: tensor %q has shape %v, want 3 input channels: %w", w.Name, w.Shape, ErrShape)
	}
	out, area := w.Shape[0], w.Shape[2]*w.Shape[3]
	data := make([]float32, 6*out*area)
	for o := range out {
		copy(data[o*6*area:], w.Data[o*3*area:(o+1)*3*area])
	}
	w.Data, w.Shape = data, []int{out, 6, w.Shape[2], w.Shape[3]}
	n.setConfig("in_channels", 6)
	return nil
}

// CutLearnedSigma keeps the first 3 of the 6 output channels of a U-Net that also predicts the variance (method, section 8.3).
func CutLearnedSigma(n *Network) error {
	w, err := n.find("out.2.weight")
	if err != nil {
		return err
	}
	b, err := n.find("out.2.bias")
	if err != nil {
		return err
	}
	if len(w.Shape) != 4 || w.Shape[0] != 6 {
		return fmt.Errorf("keymap: tensor %q has shape %v, want 6 output channels: %w", w.Name, w.Shape, ErrShape)
	}
	w.Data, w.Shape = slices.Clone(w.Data[:len(w.Data)/2]), append([]int{3}, w.Shape[1:]...)
	b.Data, b.Shape = slices.Clone(b.Data[:3]), []int{3}
	n.setConfig("out_channels", 3)
	return nil
}

func (n *Network) setConfig(key string, v any) {
	if n.Config != nil {
		n.Config[key] = v
	}
}
