package plugin

import "encoding/binary"

// random is what random_get gives: the bytes of SplitMix64 from 0, the same on every run and in every host.
type random struct {
	state uint64
	word  [8]byte
	left  int // bytes of word
}

// Read fills p.
func (r *random) Read(p []byte) (int, error) {
	for i := range p {
		if r.left == 0 {
			r.state += 0x9e3779b97f4a7c15
			z := (r.state ^ r.state>>30) * 0xbf58476d1ce4e5b9
			z = (z ^ z>>27) * 0x94d049bb133111eb
			binary.LittleEndian.PutUint64(r.word[:], z^z>>31)
			r.left = len(r.word)
		}
		p[i] = r.word[len(r.word)-r.left]
		r.left--
	}
	return len(p), nil
}
