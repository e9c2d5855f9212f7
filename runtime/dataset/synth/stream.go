package synth

// stream is a sequence of random numbers of its own: SplitMix64 (Steele, Lea,
// Flood, "Fast splittable pseudorandom number generators", 2014), a counter and a
// mixing function, in integers only.
type stream struct{ counter uint64 }

// newStream derives a stream from words that name it.
func newStream(words ...uint64) *stream {
	s := &stream{}
	for _, w := range words {
		s.counter = mix64(s.counter^w) + 0x9e3779b97f4a7c15
	}
	return s
}

// word turns a name into a word (FNV-1a).
func word(name string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *stream) next() uint64 {
	s.counter += 0x9e3779b97f4a7c15
	return mix64(s.counter)
}

// unit is in [0, 1).
func (s *stream) unit() float64 { return float64(s.next()>>11) / (1 << 53) }

// span is in [lo, hi).
func (s *stream) span(lo, hi float64) float64 { return lerp(lo, hi, s.unit()) }

// about is in [-r, r).
func (s *stream) about(r float64) float64 { return s.span(-r, r) }

// index is in 0..n-1.
func (s *stream) index(n int) int { return int(s.next() >> 33 % uint64(n)) }

// seed names a noise field.
func (s *stream) seed() uint32 { return uint32(s.next() >> 32) }
