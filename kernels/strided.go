package kernels

// strided splits the vectors of every image over rows*C4 threads, each with one
// vector of channels of about each pixels: thread t has the vectors t, t+Step,
// t+2*Step, ... of its image, so that neighbours read neighbours and what belongs to a
// channel is read once.
type strided struct{ Threads, Step, Vectors uint32 }

func newStrided(s Shape, each int) strided {
	pixels := s[1] * s[2]
	step := (pixels + each - 1) / each * s.C4()
	return strided{uint32(s[0] * step), uint32(step), uint32(pixels * s.C4())}
}
