package kernels

// Some CPU adapters read uniform memory faster than storage (Target.Windows), but a binding of
// it holds 64 KiB (RATIONALE.md). So their shaders read large operands through windows, a few
// to a dispatch. All windows have the same length, even those of smaller operands, so that
// operands of all sizes share shaders: buffers have room behind what they hold (Target.Room).

// maxWindow is what every device offers, in vectors of four floats.
const maxWindow = 64 << 10 / 16

// Room is how many bytes a buffer needs for so many bytes of an operand at its end, or for an
// operand alone.
func (t Target) Room(bytes int) int {
	if !t.Windows {
		return bytes
	}
	return max(bytes+16*t.alignment(), 16*maxWindow)
}

// alignment is the vectors that the beginning of a window is a multiple of.
func (t Target) alignment() int { return max(1, t.Align/16) }

// windows cuts an operand into windows.
type windows struct {
	operand Operand
	vectors int // of the operand
	align   int
}

// windows are those of an operand of so many vectors.
func (t Target) windows(o Operand, vectors int) windows { return windows{o, vectors, t.alignment()} }

// fits is how many vectors a window holds of what begins at a multiple of step.
func (w windows) fits(step int) int {
	if step%w.align == 0 || w.vectors <= maxWindow {
		return maxWindow
	}
	return maxWindow - w.align
}

// at is a window that holds the vectors from first to end, as a binding, and where
// first lies in it.
func (w windows) at(first, end int) (bind Operand, begin int) {
	last := ceilDiv(max(0, w.vectors-maxWindow), w.align) // that the operand needs
	start := min(first/w.align, last) * w.align
	if end > start+maxWindow {
		panic("kernels: more than a window")
	}
	bind = w.operand
	bind.Uniform, bind.Offset, bind.Size = true, 16*start, 16*maxWindow
	return bind, first - start
}
