package plugin

import "fmt"

// work sums over the bodies of a module what bounds the cost of compiling them.
type work struct {
	bodies   int
	locals   int
	joins    int
	deepest  int // blocks within blocks
	longest  int // bytes of a body
	mostHeld int // locals of a function, parameters included
}

// body scans one function: its locals, then its instructions up to the end that closes it. r ends where the body ends.
func (w *work) body(r *reader, params int) {
	start, index := r.pos, w.bodies
	w.bodies++
	w.longest = max(w.longest, r.rest())

	locals := uint64(params)
	for range r.count("local groups of function "+fmt.Sprint(index), maxLocals) {
		at := r.pos
		locals += uint64(r.u32())
		if locals > maxLocals {
			refuse(at, fmt.Sprintf("locals of function %d", index), fmt.Sprint(locals), fmt.Sprintf("at most %d", maxLocals))
		}
		r.valueType()
	}
	w.mostHeld = max(w.mostHeld, int(locals))
	if w.locals += int(locals); w.locals > maxAllLocals {
		refuse(start, fmt.Sprintf("locals of functions 0 to %d", index), fmt.Sprint(w.locals), fmt.Sprintf("at most %d", maxAllLocals))
	}

	depth, blocks := 1, 0
	for depth > 0 {
		at := r.pos
		switch op := r.byte(); op {
		case opBlock, opLoop, opIf:
			r.blockType()
			blocks++
			if depth++; depth-1 > maxNesting {
				refuse(at, fmt.Sprintf("nesting of blocks in function %d", index), fmt.Sprint(depth-1), fmt.Sprintf("at most %d", maxNesting))
			}
			if blocks > maxBlocks {
				refuse(at, fmt.Sprintf("blocks of function %d", index), fmt.Sprint(blocks), fmt.Sprintf("at most %d", maxBlocks))
			}
			w.deepest = max(w.deepest, depth-1)
		case opEnd:
			depth--
		default:
			r.immediates(op)
		}
	}
	if r.rest() > 0 {
		refuse(r.pos, fmt.Sprintf("bytes behind the end of function %d", index), fmt.Sprint(r.rest()), "0")
	}

	joins := int(locals) * blocks
	if joins > maxJoins {
		refuse(start, fmt.Sprintf("locals times blocks of function %d", index), fmt.Sprint(joins), fmt.Sprintf("at most %d", maxJoins))
	}
	if w.joins += joins; w.joins > maxAllJoins {
		refuse(start, fmt.Sprintf("locals times blocks of functions 0 to %d", index), fmt.Sprint(w.joins), fmt.Sprintf("at most %d", maxAllJoins))
	}
}

// blockType reads the type of a block: none, one value, or a function type.
func (r *reader) blockType() {
	at := r.pos
	if t := r.signed(33); t < -64 || t < 0 && t != -64 && !valueTypes[byte(t)&0x7f] {
		refuse(at, "block type", fmt.Sprint(t), "none, a value type or a function type")
	}
}
