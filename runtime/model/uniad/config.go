package uniad

import "fmt"

// Config sizes the transformer.
type Config struct {
	HiddenDim      int    `json:"hidden_dim"`
	Heads          int    `json:"nhead"` // HiddenDim/Heads is a multiple of 4, at most 256
	EncoderLayers  int    `json:"encoder_layers"`
	DecoderLayers  int    `json:"decoder_layers"`
	DimFeedforward int    `json:"dim_feedforward"`
	NeighborSize   [2]int `json:"neighbor_size"` // rows and columns that a token may not attend to, both odd; [0, 0] for none
	FeatureSize    [2]int `json:"feature_size"`  // rows and columns of the features
	InChannels     int    `json:"in_channels"`   // of the features
}

// Default is UniAD as published, on the features of EfficientNet-b4 at 224x224.
func Default() Config {
	return Config{
		HiddenDim: 256, Heads: 8, EncoderLayers: 4, DecoderLayers: 4, DimFeedforward: 1024,
		NeighborSize: [2]int{7, 7}, FeatureSize: [2]int{14, 14}, InChannels: 272,
	}
}

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	const limit = 1 << 16
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"hidden_dim", c.HiddenDim, limit}, {"nhead", c.Heads, limit},
		{"encoder_layers", c.EncoderLayers, 64}, {"decoder_layers", c.DecoderLayers, 64},
		{"dim_feedforward", c.DimFeedforward, limit}, {"in_channels", c.InChannels, limit},
		{"feature_size rows", c.FeatureSize[0], 64}, {"feature_size columns", c.FeatureSize[1], 64},
	} {
		if f.value < 1 || f.value > f.max {
			return fmt.Errorf("uniad: %s %d, want 1 to %d", f.name, f.value, f.max)
		}
	}
	if d := c.HiddenDim / c.Heads; c.HiddenDim%c.Heads != 0 || d%4 != 0 || d > 256 {
		return fmt.Errorf("uniad: hidden_dim %d over nhead %d, want a multiple of 4, at most 256, for each head", c.HiddenDim, c.Heads)
	}
	if c.NeighborSize == [2]int{} {
		return nil
	}
	if min(c.NeighborSize[0], c.NeighborSize[1]) < 1 || c.NeighborSize[0]%2 == 0 || c.NeighborSize[1]%2 == 0 {
		return fmt.Errorf("uniad: neighbor_size %v, want two odd numbers, or [0 0] for no mask", c.NeighborSize)
	}
	// The token in the middle sees the least: tokens up to half the grid away.
	if c.FeatureSize[0]/2 <= c.NeighborSize[0]/2 && c.FeatureSize[1]/2 <= c.NeighborSize[1]/2 {
		return fmt.Errorf("uniad: neighbor_size %v leaves the middle of feature_size %v nothing to attend to", c.NeighborSize, c.FeatureSize)
	}
	return nil
}
