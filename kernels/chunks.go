package kernels

// chunks splits the pixels of every image into runs of Run pixels, with a thread
// for each vector of channels of each run: a thread reads what belongs to its
// channels once, and neighbours read neighbours. Uniforms begin with its fields.
type chunks struct{ Threads, C4, Pixels, Run uint32 }

func newChunks(s Shape, run int) chunks {
	pixels := s[1] * s[2]
	runs := (pixels + run - 1) / run
	return chunks{uint32(s[0] * runs * s.C4()), uint32(s.C4()), uint32(pixels), uint32(run)}
}

// mapRun is the run of a map: short, so that a small image still fills a GPU; a
// CPU adapter has fewer threads to fill and pays more for what precedes the run.
func mapRun(t Target) int {
	if t.CPU {
		return 64
	}
	return 8
}
