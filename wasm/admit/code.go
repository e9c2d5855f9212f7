package admit

import "fmt"

// work sums over the bodies of a module what bounds the cost of compiling them.
type work struct {
	bodies   int
	locals   int
	joins    int // locals times loops
	squares  int // of the blocks of a function
	targets  int // of br_tables
	code     int // bytes of all bodies
	deepest  int // blocks within blocks
	longest  int // bytes of a body
	mostHeld int // locals of a function, parameters included
}

// body scans one function: its locals, then its instructions up to the end that closes it. r ends where the body ends.
func (w *work) body(r *reader, params int) {
	start, index := r.pos, w.bodies
	w.bodies++
	w.longest = max(w.longest, r.rest())
	w.code += r.rest()
	all := func(value, limit int, what string) {
		if value > limit {
			refuse(start, fmt.Sprintf("%s of functions 0 to %d", what, index), fmt.Sprint(value), fmt.Sprintf("at most %d", limit))
		}
	}
	all(w.code, maxCode, "bytes")

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
	w.locals += int(locals)
	all(w.locals, maxAllLocals, "locals")

	depth, blocks, loops := 1, 0, 0
	for depth > 0 {
		for r.pos < len(r.data) && shapes[r.data[r.pos]] == nothing {
			r.pos++
		}
		at := r.pos
		switch op := r.byte(); op {
		case opBlock, opLoop, opIf:
			r.blockType()
			blocks++
			if op == opLoop {
				loops++
			}
			if depth++; depth-1 > maxNesting {
				refuse(at, fmt.Sprintf("nesting of blocks in function %d", index), fmt.Sprint(depth-1), fmt.Sprintf("at most %d", maxNesting))
			}
			if blocks > maxBlocks {
				refuse(at, fmt.Sprintf("blocks of function %d", index), fmt.Sprint(blocks), fmt.Sprintf("at most %d", maxBlocks))
			}
			w.deepest = max(w.deepest, depth-1)
		case opEnd:
			depth--
		case opTable:
			n := r.count("targets of a br_table", maxTargets) + 1
			w.targets += n
			for range n {
				r.u32()
			}
		default:
			r.immediates(op)
		}
	}
	if r.rest() > 0 {
		refuse(r.pos, fmt.Sprintf("bytes behind the end of function %d", index), fmt.Sprint(r.rest()), "0")
	}

	joins := int(locals) * loops
	if joins > maxJoins {
		refuse(start, fmt.Sprintf("locals times loops of function %d", index), fmt.Sprint(joins), fmt.Sprintf("at most %d", maxJoins))
	}
	w.joins += joins
	all(w.joins, maxAllJoins, "locals times loops")
	w.squares += blocks * blocks
	all(w.squares, maxBlockWork, "squares of the numbers of blocks")
	all(w.targets, maxAllTargets, "targets of the br_tables")
}

// blockType reads the type of a block: none, one value, or a function type.
func (r *reader) blockType() {
	at := r.pos
	if t := r.signed(33); t < -64 || t < 0 && t != -64 && !valueTypes[byte(t)&0x7f] {
		refuse(at, "block type", fmt.Sprint(t), "none, a value type or a function type")
	}
}
