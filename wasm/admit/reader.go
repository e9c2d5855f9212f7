package admit

import "fmt"

// reader walks the bytes of a module. It panics with a *Refusal, which Scan recovers: every step of a scan can refuse, and
// none goes on after one.
type reader struct {
	data []byte // of the whole module up to the end of what is being read
	pos  int
}

// refuse ends the scan at the byte offset.
func refuse(offset int, what, value, limit string) {
	panic(&Refusal{Offset: offset, What: what, Value: value, Limit: limit})
}

func (r *reader) rest() int { return len(r.data) - r.pos }

func (r *reader) byte() byte {
	if r.pos >= len(r.data) {
		refuse(r.pos, "a byte beyond the end of its section or body", "", "")
	}
	b := r.data[r.pos]
	r.pos++
	return b
}

// bytes takes the next n.
func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(r.rest()) {
		refuse(r.pos, "length", fmt.Sprint(n), fmt.Sprintf("at most the %d bytes that remain", r.rest()))
	}
	b := r.data[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return b
}

// u32 reads an unsigned LEB128 number of at most 32 bits.
func (r *reader) u32() uint32 {
	if r.pos < len(r.data) && r.data[r.pos] < 0x80 {
		r.pos++
		return uint32(r.data[r.pos-1])
	}
	start := r.pos
	var v uint32
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			refuse(start, "a number of more than 32 bits", "", "")
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

// signed reads a signed LEB128 number of at most that many bits, 32, 33 or 64.
func (r *reader) signed(bits int) int64 {
	if r.pos < len(r.data) && r.data[r.pos] < 0x80 {
		r.pos++
		return int64(int8(r.data[r.pos-1]<<1) >> 1)
	}
	start := r.pos
	var v int64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if left := bits - shift; left < 8 {
			// The bits above the number repeat its sign.
			if top := int8(b<<1) >> left; b >= 0x80 || top != 0 && top != -1 {
				refuse(start, fmt.Sprintf("a number of more than %d bits", bits), "", "")
			}
		}
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if shift += 7; shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

// count reads the length of a list and holds it to a limit, and to the bytes that remain, for each entry has at least one.
func (r *reader) count(what string, limit int) int {
	start := r.pos
	n := r.u32()
	if uint64(n) > uint64(limit) {
		refuse(start, what, fmt.Sprint(n), fmt.Sprintf("at most %d", limit))
	}
	if uint64(n) > uint64(r.rest()) {
		refuse(start, what, fmt.Sprint(n), fmt.Sprintf("at most the %d bytes that remain", r.rest()))
	}
	return int(n)
}

// name reads a length and that many bytes.
func (r *reader) name() string {
	start := r.pos
	n := r.u32()
	if n > 255 {
		refuse(start, "bytes of a name", fmt.Sprint(n), "at most 255")
	}
	return string(r.bytes(n))
}

// valueType reads one of the types a value may have.
func (r *reader) valueType() byte {
	t := r.byte()
	if !valueTypes[t] {
		refuse(r.pos-1, "value type", fmt.Sprintf("%#02x", t), "a number, v128 or a reference")
	}
	return t
}
