package train

import (
	"fmt"
	"math/rand/v2"
)

// Order deals the images of a data set out to training: every epoch reads all of them
// once, in an order of its own. It follows from the seed and the number of the epoch,
// so a resumed run reads the same. It is not safe for concurrent use.
type Order struct {
	images int
	seed   uint64
	epoch  int // of order
	order  []int
}

// NewOrder deals out images numbered from 0.
func NewOrder(images int, seed uint64) (*Order, error) {
	if images < 1 {
		return nil, fmt.Errorf("train: %d images, want 1 or more", images)
	}
	return &Order{images: images, seed: seed, epoch: -1}, nil
}

// At is the image that sample n of the run reads; samples count from 0 over all
// epochs.
func (o *Order) At(n int) int {
	if epoch := n / o.images; epoch != o.epoch {
		o.epoch = epoch
		o.order = rand.New(rand.NewPCG(o.seed, uint64(epoch))).Perm(o.images)
	}
	return o.order[n%o.images]
}
