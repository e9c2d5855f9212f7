package unet

import (
	"math"
	"strings"
	"testing"
)

// The counts of method 3.5 and 3.3.
func TestPresets(t *testing.T) {
	for _, p := range []struct {
		name    string
		params  int
		tensors int
	}{
		{"tiny", 8675523, 566},
		{"small", 34615683, 566},
		{"base", 138289923, 566},
		{"adm", 552814083, 566},
		{"unet58", 38676995, 568},
	} {
		c, err := Preset(p.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if n, m := c.Params(), len(c.Tensors()); n != p.params || m != p.tensors {
			t.Errorf("%s has %d parameters in %d tensors, want %d in %d", p.name, n, m, p.params, p.tensors)
		}
	}
	if _, err := Preset("large"); err == nil || !strings.Contains(err.Error(), `"large", want tiny, small, base, adm or unet58`) {
		t.Errorf("preset large: %v", err)
	}
}

// OpenAI's 256x256 diffusion model: 552.8 M parameters (Dhariwal and Nichol 2021,
// table 4).
func TestPublished(t *testing.T) {
	c := ofSize(256, 64)
	c.ImageSize, c.InChannels, c.OutChannels = 256, 3, 6
	if n := c.Params(); n/10000 != 55281 {
		t.Errorf("%d parameters, want 552.81 M", n)
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		change func(*Config)
		want   string // empty: valid
	}{
		{func(c *Config) {}, ""},
		{func(c *Config) { c.NumHeadChannels, c.NumHeads = -1, 8 }, ""},
		{func(c *Config) { c.AttentionDS = nil }, ""},
		{func(c *Config) {
			c.ChannelMult, c.AttentionDS, c.NumHeadChannels = []float64{0.5, 1, 1.5}, []int{4}, 32
		}, ""},
		{func(c *Config) { c.ImageSize = 0 }, "image_size 0, want 1 to 4096"},
		{func(c *Config) { c.ImageSize = 232 }, "image_size 232, want a multiple of 32 for 6 levels"},
		{func(c *Config) { c.InChannels = 0 }, "in_channels 0, want 1"},
		{func(c *Config) { c.OutChannels = -3 }, "out_channels -3, want 1"},
		{func(c *Config) { c.ModelChannels = 1 }, "model_channels 1, want 2 to 8192"},
		{func(c *Config) { c.ModelChannels = 48 }, "channel_mult[0] 1 times model_channels 48, want a multiple of 32 up to 8192"},
		{func(c *Config) { c.ChannelMult = nil }, "levels 0, want 1 to 10"},
		{func(c *Config) { c.ChannelMult[2] = math.NaN() }, "channel_mult[2] NaN times"},
		{func(c *Config) { c.ChannelMult[5] = 1e300 }, "channel_mult[5] 1e+300 times"},
		{func(c *Config) { c.NumResBlocks = 0 }, "num_res_blocks 0, want 1 to 16"},
		{func(c *Config) { c.AttentionDS = []int{8, 7} }, "attention_ds 7, want down-sampling factors of levels: powers of two up to 32"},
		{func(c *Config) { c.AttentionDS = []int{64} }, "attention_ds 64, want"},
		{func(c *Config) { c.AttentionDS = []int{0} }, "attention_ds 0, want"},
		{func(c *Config) { c.NumHeadChannels = 48 }, "num_head_channels 48, want a divisor of 128 channels"},
		{func(c *Config) { c.NumHeadChannels = 2 }, "heads of 2 channels, want a multiple of 4 up to 256"},
		{func(c *Config) { c.NumHeadChannels, c.NumHeads = -1, 0 }, "num_heads 0, want a divisor of 128 channels"},
		{func(c *Config) {
			c.NumHeadChannels, c.NumHeads, c.ChannelMult, c.AttentionDS = 0, 1, []float64{1, 8}, nil
		}, "num_heads 1 makes heads of 512 channels"},
	} {
		c := Default()
		test.change(&c)
		err := c.Validate()
		if test.want == "" && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
