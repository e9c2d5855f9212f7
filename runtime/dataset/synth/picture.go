package synth

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Sizes of pictures, in pixels.
const (
	MinSize = 64
	MaxSize = 512
)

// ErrOption says that a class, a kind, a size or a count cannot be used.
var ErrOption = errors.New("unusable option")

// Classes returns the names of the products. A data set of n classes has the
// first n.
func Classes() []string {
	var names []string
	for _, p := range products() {
		names = append(names, p.name)
	}
	return names
}

// Kinds returns the kinds of damage that a class can have, or nil for a class
// that does not exist.
func Kinds(class string) []string {
	p, err := find(class)
	if err != nil {
		return nil
	}
	return p.kinds
}

func find(class string) (product, error) {
	for _, p := range products() {
		if p.name == class {
			return p, nil
		}
	}
	return product{}, fmt.Errorf("synth: %w: class %q, want one of %v", ErrOption, class, Classes())
}

// A picture whose damage shows on less than leastShare of it, or on fewer than
// leastPixels, or on more than mostShare, is drawn again with other damage.
const (
	leastShare  = 0.0008
	leastPixels = 8
	mostShare   = 0.25
	attempts    = 60
)

// Draw returns picture number index of a class, size x size pixels. set tells
// apart the series of one class, such as "train" and "test". kind is one of
// [Kinds], with the mask of what it changed (size rows of size labels, 0 or 1), or
// empty for a good part, with a nil mask. Equal arguments give equal pixels on
// every platform; the part, its pose and its light are those of the same index
// and set at every size.
func Draw(class, set, kind string, index, size int, seed uint64) (*imgio.RGB, []uint8, error) {
	p, err := find(class)
	if err != nil {
		return nil, nil, err
	}
	if kind != "" && !slices.Contains(p.kinds, kind) {
		return nil, nil, fmt.Errorf("synth: %w: %s has no damage %q, want one of %v", ErrOption, class, kind, p.kinds)
	}
	if size < MinSize || size > MaxSize {
		return nil, nil, fmt.Errorf("synth: %w: size %d px, want %d to %d", ErrOption, size, MinSize, MaxSize)
	}
	if index < 0 {
		return nil, nil, fmt.Errorf("synth: %w: picture number %d", ErrOption, index)
	}
	key := []uint64{seed, word(class), word(set), word(kind), uint64(index)}
	fine := max(2, (MaxSize-128+size-1)/size)
	l := newLight(newStream(append(key, word("light"))...))
	part := newStream(append(key, word("part"))...)
	again := *part
	good := p.build(part, damage{})
	plain := l.render(good, size, fine)
	if kind == "" {
		return l.expose(plain, size), nil, nil
	}
	for try := range attempts {
		s := newStream(append(key, word("damage"), uint64(try))...)
		same := again
		bad := p.build(&same, damage{kind, s})
		if mark := p.mark(kind); mark != nil {
			bad = mark(s, bad, spot(s, good))
		}
		spoilt := l.render(bad, size, fine)
		mask := changed(plain, spoilt, size)
		if n := count(mask); n >= leastPixels && float64(n) >= float64(leastShare*float64(size*size)) && float64(n) <= float64(mostShare*float64(size*size)) {
			return l.expose(spoilt, size), mask, nil
		}
	}
	return nil, nil, fmt.Errorf("synth: %s %d of %s: damage %q did not show in %d attempts", set, index, class, kind, attempts)
}

// spot finds a place on the part, away from the border of the picture.
func spot(s *stream, good scene) vec {
	p := vec{0.5, 0.5}
	for range 100 {
		p = vec{s.span(0.14, 0.86), s.span(0.14, 0.86)}
		if good(p).cover > 0.9 {
			break
		}
	}
	return p
}

// expose turns channels in 0..1 into 8 bits, with the grain of a camera.
func (l light) expose(channels []float64, size int) *imgio.RGB {
	img := &imgio.RGB{W: size, H: size, Pix: make([]uint8, size*size*3)}
	for i, v := range channels {
		x, y := int64(i/3%size), int64(i/3/size)
		// The sum of four is close to a normal distribution of deviation 1/sqrt(3).
		grain := -2.0
		for k := range int64(4) {
			grain += lattice(x*4+k, y*3+int64(i%3), l.grain)
		}
		img.Pix[i] = uint8(math.Floor(float64(clamp(v+float64(grain*l.noise))*255) + 0.5))
	}
	return img
}
