package pretext

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Batch holds the values of the inputs for some samples.
type Batch struct {
	config                Config
	normalise             *imgio.Normalization
	image, pasted, labels *values
}

// values are those of an input.
type values struct {
	kernels.Tensor
	data []float32
}

func newValues(t kernels.Tensor) *values { return &values{t, make([]float32, t.Shape.Padded())} }

// of returns the values of image i.
func (v *values) of(i int) []float32 {
	n := len(v.data) / v.Shape[0]
	return v.data[i*n : (i+1)*n]
}

// NewBatch makes room for n samples of images that n normalises.
func (c Config) NewBatch(n int, normalise *imgio.Normalization) *Batch {
	return &Batch{
		c, normalise, newValues(kernels.Float(n, c.Size, c.Size, 3)),
		newValues(kernels.Float(n, c.Size, c.Size, kinds)), newValues(kernels.Float(n, 1, 1, c.labels())),
	}
}

// Set makes sample i of the batch from a normal image of a class. number counts the
// samples of the run from 0: everything drawn follows from it and from seed.
func (b *Batch) Set(i int, m *imgio.RGB, class int, seed, number uint64) error {
	c := b.config
	if m.W != c.Size || m.H != c.Size {
		return fmt.Errorf("pretext: image of %d x %d px, want %d x %d", m.W, m.H, c.Size, c.Size)
	}
	if class < 0 || class >= c.Classes {
		return fmt.Errorf("pretext: class %d, want 0 to %d", class, c.Classes-1)
	}
	r := rand.New(rand.NewPCG(seed, number))
	quarters := r.IntN(turns)
	p := turned(m.Pix, c.Size, quarters)
	if kind := r.IntN(kinds+1) - 1; kind >= 0 {
		for range 1 + r.IntN(maxPieces) {
			draw(r, c.Size, kind).paste(p, kind)
		}
	}
	labels := b.labels.of(i)
	clear(labels)
	labels[class], labels[c.Classes+quarters] = 1, 1
	pasted := b.pasted.of(i)
	clear(pasted)
	for at, kind := range p.pasted {
		if kind > 0 {
			pasted[4*at+int(kind)-1] = 1
		}
	}
	return b.normalise.Apply(b.image.of(i), &imgio.RGB{W: c.Size, H: c.Size, Pix: p.pix})
}

// Write gives the samples to the inputs of a network with Loss.
func (b *Batch) Write(write func(input string, data []byte) error) error {
	for input, v := range map[string]*values{imageInput: b.image, pastedInput: b.pasted, labelInput: b.labels} {
		if err := write(input, kernels.Encode(kernels.F32, v.data)); err != nil {
			return err
		}
	}
	return nil
}
