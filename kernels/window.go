package kernels

// Some CPU adapters read uniform memory faster than storage (Target.Windows), but a binding of
// it holds 64 KiB (RATIONALE.md). So their shaders read large operands through windows, a few
// to a dispatch. All windows of an operand have the same length, which is a constant of the
// shader.

// maxWindow is what every device offers, in vectors of four floats.
const maxWindow = 64 << 10 / 16

// alignment is the vectors that the beginning of a window is a multiple of.
func (t Target) alignment() int { return max(1, t.Align/16) }

// windows cuts an operand into windows.
type windows struct {
	operand Operand
	vectors int // of the operand
	length  int // of a window
	align   int
}

// windows are those of an operand of so many vectors. The last one ends with the
// operand and begins aligned.
func (t Target) windows(o Operand, vectors int) windows {
	w := windows{o, vectors, min(maxWindow, t.UniformBinding/16), t.alignment()}
	if w.length >= vectors {
		w.length = vectors
	} else {
		w.length -= ((w.length-vectors)%w.align + w.align) % w.align
	}
	return w
}

// fits is how many vectors a window holds of what begins at a multiple of step.
func (w windows) fits(step int) int {
	if step%w.align == 0 || w.length == w.vectors {
		return w.length
	}
	return w.length - w.align
}

// at is a window that holds the vectors from first to end, as a binding, and where
// first lies in it.
func (w windows) at(first, end int) (bind Operand, begin int) {
	start := min(first, w.vectors-w.length) / w.align * w.align
	if end > start+w.length {
		panic("kernels: more than a window")
	}
	bind = w.operand
	bind.Uniform, bind.Offset, bind.Size = true, 16*start, 16*w.length
	return bind, first - start
}
