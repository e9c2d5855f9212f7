package unet

import (
	"fmt"
	"slices"
)

// Config sizes the network; the names are those of guided diffusion.
type Config struct {
	ImageSize     int       `json:"image_size"` // pixels of a side
	InChannels    int       `json:"in_channels"`
	OutChannels   int       `json:"out_channels"`
	ModelChannels int       `json:"model_channels"`
	ChannelMult   []float64 `json:"channel_mult"`   // times ModelChannels: the channels of each level, finest first
	NumResBlocks  int       `json:"num_res_blocks"` // of a level on the way down; one more on the way up
	AttentionDS   []int     `json:"attention_ds"`   // down-sampling factors of the levels with attention; the middle always has it

	NumHeads             int  `json:"num_heads"`         // read where NumHeadChannels is not positive
	NumHeadChannels      int  `json:"num_head_channels"` // channels of a head, a multiple of 4 up to 256
	UseScaleShiftNorm    bool `json:"use_scale_shift_norm"`
	ResblockUpdown       bool `json:"resblock_updown"`         // resample in ResBlocks, not by convolutions
	UseNewAttentionOrder bool `json:"use_new_attention_order"` // QKVAttention, not QKVAttentionLegacy
}

// Default is the preset small.
func Default() Config { return ofSize(64, 64) }

// Preset is a configuration by name: tiny, small, base or adm (method 3.5), or unet58,
// the network of 58 GMAC at 224x224 in which drdc is compared with other runtimes.
func Preset(name string) (Config, error) {
	switch name {
	case "tiny":
		return ofSize(32, 32), nil
	case "small":
		return ofSize(64, 64), nil
	case "base":
		return ofSize(128, 64), nil
	case "adm":
		return ofSize(256, 64), nil
	case "unet58":
		c := ofSize(64, 64)
		c.ChannelMult = []float64{1, 1, 2, 3, 4, 4}
		return c, nil
	}
	return Config{}, fmt.Errorf("unet: preset %q, want tiny, small, base, adm or unet58", name)
}

func ofSize(channels, head int) Config {
	return Config{
		ImageSize: 224, InChannels: 6, OutChannels: 3, ModelChannels: channels,
		ChannelMult: []float64{1, 1, 2, 2, 4, 4}, NumResBlocks: 2, AttentionDS: []int{8, 16, 32},
		NumHeads: 4, NumHeadChannels: head, UseScaleShiftNorm: true, ResblockUpdown: true,
	}
}

const (
	groups      = 32   // of every group norm
	maxSize     = 4096 // pixels
	maxLevels   = 10
	maxRepeats  = 16
	maxChannels = 8192
	maxHead     = 256
)

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high int
	}{
		{"image_size", c.ImageSize, 1, maxSize},
		{"in_channels", c.InChannels, 1, maxChannels},
		{"out_channels", c.OutChannels, 1, maxChannels},
		{"model_channels", c.ModelChannels, 2, maxChannels},
		{"channel_mult: levels", len(c.ChannelMult), 1, maxLevels},
		{"num_res_blocks", c.NumResBlocks, 1, maxRepeats},
	} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("unet: %s %d, want %d to %d", f.name, f.value, f.low, f.high)
		}
	}
	for i, m := range c.ChannelMult {
		n := m * float64(c.ModelChannels)
		if !(n >= groups && n <= maxChannels) || n != float64(int(n)/groups*groups) {
			return fmt.Errorf("unet: channel_mult[%d] %g times model_channels %d, want a multiple of %d up to %d", i, m, c.ModelChannels, groups, maxChannels)
		}
	}
	deepest := c.factor(len(c.ChannelMult) - 1)
	if c.ImageSize%deepest != 0 {
		return fmt.Errorf("unet: image_size %d, want a multiple of %d for %d levels", c.ImageSize, deepest, len(c.ChannelMult))
	}
	// Guided diffusion ignores a factor that no level has, and so attention.
	for _, ds := range c.AttentionDS {
		if ds < 1 || ds > deepest || ds&(ds-1) != 0 {
			return fmt.Errorf("unet: attention_ds %d, want down-sampling factors of levels: powers of two up to %d", ds, deepest)
		}
	}
	for level := range c.ChannelMult {
		if c.attends(level) || level == len(c.ChannelMult)-1 {
			if err := c.checkHeads(c.channels(level)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c Config) checkHeads(channels int) error {
	name, value := "num_heads", c.NumHeads
	if c.NumHeadChannels > 0 {
		name, value = "num_head_channels", c.NumHeadChannels
	}
	if value < 1 || channels%value != 0 {
		return fmt.Errorf("unet: %s %d, want a divisor of %d channels", name, value, channels)
	}
	if head := channels / c.heads(channels); head%4 != 0 || head > maxHead {
		return fmt.Errorf("unet: %s %d makes heads of %d channels, want a multiple of 4 up to %d", name, value, head, maxHead)
	}
	return nil
}

// heads is the number of heads of an attention block.
func (c Config) heads(channels int) int {
	if c.NumHeadChannels > 0 {
		return channels / c.NumHeadChannels
	}
	return c.NumHeads
}

// channels is the width of a level.
func (c Config) channels(level int) int { return int(c.ChannelMult[level] * float64(c.ModelChannels)) }

// factor is how many pixels of the image a side of one pixel of a level spans.
func (c Config) factor(level int) int { return 1 << level }

func (c Config) attends(level int) bool { return slices.Contains(c.AttentionDS, c.factor(level)) }

// embedding is the width of the embedded timestep.
func (c Config) embedding() int { return 4 * c.ModelChannels }
