package diffusion

import (
	"crypto/sha256"
	"encoding/binary"
)

// Key is the Philox key of all random numbers of one image.
type Key [2]uint32

// NewKey derives the key from the SHA-256 of the image file and the seed.
func NewKey(image [sha256.Size]byte, seed uint64) Key {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(image[:], seed))
	return Key{binary.LittleEndian.Uint32(sum[:]), binary.LittleEndian.Uint32(sum[4:])}
}

// NewTrainingKey derives the key of a sample of a training run, counted from 0.
func NewTrainingKey(seed, sample uint64) Key {
	le := binary.LittleEndian
	sum := sha256.Sum256(le.AppendUint64(le.AppendUint64(nil, seed), sample))
	return Key{le.Uint32(sum[:]), le.Uint32(sum[4:])}
}

// purpose is what a stream of random numbers is for.
type purpose uint32

const (
	forCells purpose = 1 + iota
	forFill
	forNoise
	forChoice
)

// stream is the key with the counter words that name a stream: what kernels.Noise
// reads.
func (k Key) stream(p purpose, cell, set, t int) [4]uint32 {
	return [4]uint32{k[0], k[1], uint32(p)<<24 | uint32(cell), uint32(set)<<16 | uint32(t)}
}

// words draws the words of a stream one by one.
type words struct {
	stream [4]uint32
	next   uint32 // block
	block  [4]uint32
	left   int // of the block
}

func (w *words) draw() uint32 {
	if w.left == 0 {
		w.block = philox([4]uint32{w.next, 0, w.stream[2], w.stream[3]}, [2]uint32{w.stream[0], w.stream[1]})
		w.next, w.left = w.next+1, 4
	}
	w.left--
	return w.block[3-w.left]
}

// below draws a number of 0 to n-1 without bias.
func (w *words) below(n int) int {
	limit := 1<<32 - 1<<32%uint64(n)
	for {
		if v := uint64(w.draw()); v < limit {
			return int(v % uint64(n))
		}
	}
}

// philox is Philox4x32-10.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		a, b := 0xd2511f53*uint64(c[0]), 0xcd9e8d57*uint64(c[2])
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ k[0], uint32(b), uint32(a>>32) ^ c[3] ^ k[1], uint32(a)}
		k[0], k[1] = k[0]+0x9e3779b9, k[1]+0xbb67ae85
	}
	return c
}
