package reconstruct

import (
	"encoding/binary"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
	"github.com/drdc-dev/drdc/runtime/train"
)

// Config is the task for a network.
type Config struct {
	Network uniad.Config
	Jitter  float64 // deviation of the noise on a token, in mean lengths of a channel; 0: none
	Dropout float64 // share of values that are dropped, below 1; 0: none
}

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	if !(c.Jitter >= 0 && c.Jitter <= 1e6) {
		return fmt.Errorf("reconstruct: jitter %g, want 0 to 1,000,000", c.Jitter)
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("reconstruct: dropout %g, want 0 to below 1", c.Dropout)
	}
	return c.Network.Validate()
}

// Inputs of the network.
const (
	featuresInput = "reconstruct.features" // [N, rows, columns, C]
	jitterInput   = "reconstruct.jitter"   // keys [N, 1, 1, 4], where there is noise
	dropInput     = "reconstruct.drop"     // key [1, 1, 1, 4], where values are dropped
)

// Loss builds the network, its tensors behind prefix, for n images and returns the
// loss [1, 1, 1, 1]. c must be valid.
func (c Config) Loss(g *graph.Graph, prefix string, n int) graph.Value {
	grid := c.Network.FeatureSize
	x := g.Input(featuresInput, kernels.Float(n, grid[0], grid[1], c.Network.InChannels))
	seen, o := x, uniad.Options{Prefix: prefix}
	if c.Jitter > 0 {
		seen = uniad.Jitter(g, x, g.Input(jitterInput, kernels.Uint(n, 1, 1, 4)), c.Jitter)
	}
	if c.Dropout > 0 {
		o.Dropout = uniad.Dropout{P: c.Dropout, Key: g.Input(dropInput, kernels.Uint(1, 1, 1, 4))}
	}
	return train.MSE(g, c.Network.Build(g, o, seen), x)
}

// Batch holds the features of some images.
type Batch struct {
	config   Config
	images   int
	features []float32 // padded
}

// NewBatch makes room for n images.
func (c Config) NewBatch(n int) *Batch {
	grid := c.Network.FeatureSize
	return &Batch{c, n, make([]float32, kernels.Shape{n, grid[0], grid[1], c.Network.InChannels}.Padded())}
}

// Set copies the features of image i, [rows*columns, C].
func (b *Batch) Set(i int, features []float32) error {
	c := b.config.Network.InChannels
	places := b.config.Network.FeatureSize[0] * b.config.Network.FeatureSize[1]
	if i < 0 || i >= b.images || len(features) != places*c {
		return fmt.Errorf("reconstruct: image %d of %d with %d values, want %d places of %d", i, b.images, len(features), places, c)
	}
	own := b.features[i*len(b.features)/b.images:]
	lanes := (c + 3) / 4 * 4
	for p := range places {
		copy(own[p*lanes:], features[p*c:(p+1)*c])
	}
	return nil
}

// Write gives batch number n of a run to the inputs of a network with Loss. The words
// of the keys are those of the seed, then for dropout n and 0, and for the noise the
// number of the image in the run and 2^31: no two streams are the same.
func (b *Batch) Write(write func(input string, data []byte) error, seed uint64, n int) error {
	if err := write(featuresInput, kernels.Encode(kernels.F32, b.features)); err != nil {
		return err
	}
	var jitter, drop []byte
	for i := range b.images {
		jitter = key(jitter, seed, n*b.images+i, 1<<31)
	}
	if b.config.Jitter > 0 {
		if err := write(jitterInput, jitter); err != nil {
			return err
		}
	}
	if drop = key(drop, seed, n, 0); b.config.Dropout > 0 {
		return write(dropInput, drop)
	}
	return nil
}

func key(to []byte, seed uint64, n int, kind uint32) []byte {
	for _, w := range []uint32{uint32(seed), uint32(seed >> 32), uint32(n), kind} {
		to = binary.LittleEndian.AppendUint32(to, w)
	}
	return to
}
