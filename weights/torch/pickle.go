package torch

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// machine runs one pickle after another on the same budget.
type machine struct {
	r      *bufio.Reader
	read   int64 // bytes taken from r
	limit  int64 // bytes r may give
	memory int64 // estimated bytes of all objects so far
	stack  []any
	memo   map[int64]any
	// persistent resolves a persistent id.
	persistent func(id any) (any, error)
}

var errShort = errors.New("pickle ends early")

// charge accounts for n bytes of memory.
func (m *machine) charge(n int) error {
	if m.memory += int64(n); m.memory > maxMemory {
		return fail(ErrLimit, "the pickle's objects take more than %d MiB", maxMemory>>20)
	}
	return nil
}

func (m *machine) push(v any) error {
	if len(m.stack) == maxStack {
		return fail(ErrLimit, "pickle stack deeper than %d", maxStack)
	}
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) pop() (any, error) {
	if len(m.stack) == 0 {
		return nil, fail(ErrFormat, "pickle takes from an empty stack")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, fail(ErrFormat, "pickle looks at an empty stack")
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes the values above the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			out := m.stack[i+1:]
			m.stack = m.stack[:i]
			return out, nil
		}
	}
	return nil, fail(ErrFormat, "pickle looks for a mark that is not there")
}

func (m *machine) byte() (byte, error) {
	if m.read++; m.read > m.limit {
		return 0, fail(ErrLimit, "pickle longer than %d bytes", m.limit)
	}
	b, err := m.r.ReadByte()
	if err != nil {
		return 0, fail(ErrFormat, "%v", errShort)
	}
	return b, nil
}

// bytes takes n bytes.
func (m *machine) bytes(n uint64) ([]byte, error) {
	if n > maxText {
		return nil, fail(ErrLimit, "a text of %d bytes in the pickle, limit %d", n, maxText)
	}
	if m.read += int64(n); m.read > m.limit {
		return nil, fail(ErrLimit, "pickle longer than %d bytes", m.limit)
	}
	if err := m.charge(int(n)); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(m.r, b); err != nil {
		return nil, fail(ErrFormat, "%v", errShort)
	}
	return b, nil
}

// uint takes a little-endian integer of n bytes.
func (m *machine) uint(n int) (uint64, error) {
	var u uint64
	for i := range n {
		b, err := m.byte()
		if err != nil {
			return 0, err
		}
		u |= uint64(b) << (8 * i)
	}
	return u, nil
}

// line takes text up to a newline.
func (m *machine) line() (string, error) {
	var b []byte
	for {
		c, err := m.byte()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			return string(b), m.charge(len(b))
		}
		if len(b) == maxText {
			return "", fail(ErrLimit, "a line of more than %d bytes in the pickle", maxText)
		}
		b = append(b, c)
	}
}

// sized takes a length of n bytes and as many bytes as it says.
func (m *machine) sized(n int) ([]byte, error) {
	size, err := m.uint(n)
	if err != nil {
		return nil, err
	}
	return m.bytes(size)
}

// run executes one pickle and gives its value.
func (m *machine) run() (any, error) {
	m.stack, m.memo = m.stack[:0], make(map[int64]any)
	for {
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			v, err := m.pop()
			if err != nil {
				return nil, err
			}
			clear(m.stack)
			return v, nil
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
	}
}

// step executes one opcode: first those that push a literal, then those that build.
func (m *machine) step(op byte) error {
	v, ok, err := m.literal(op)
	if err != nil {
		return err
	}
	if ok {
		if err := m.charge(16); err != nil {
			return err
		}
		return m.push(v)
	}
	return m.build(op)
}

func (m *machine) literal(op byte) (v any, ok bool, err error) {
	switch op {
	case '(':
		return mark{}, true, nil
	case 'N':
		return nil, true, nil
	case 0x88:
		return true, true, nil
	case 0x89:
		return false, true, nil
	case 'J':
		u, err := m.uint(4)
		return int64(int32(u)), true, err
	case 'K', 'M':
		u, err := m.uint(map[byte]int{'K': 1, 'M': 2}[op])
		return int64(u), true, err
	case 'I', 'L':
		s, err := m.line()
		if err != nil {
			return nil, true, err
		}
		v, err := textInt(op, s)
		return v, true, err
	case 0x8a, 0x8b:
		b, err := m.sized(map[byte]int{0x8a: 1, 0x8b: 4}[op])
		return long(b), true, err
	case 'F':
		s, err := m.line()
		if err != nil {
			return nil, true, err
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, true, fail(ErrFormat, "float %.40q in the pickle", s)
		}
		return f, true, nil
	case 'G':
		u, err := m.uint(8)
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], u)
		return math.Float64frombits(binary.BigEndian.Uint64(b[:])), true, err
	case 'X', 0x8c, 0x8d:
		b, err := m.sized(map[byte]int{'X': 4, 0x8c: 1, 0x8d: 8}[op])
		if err == nil && !utf8.Valid(b) {
			err = fail(ErrFormat, "a string that is not UTF-8 in the pickle")
		}
		return string(b), true, err
	case 'T', 'U': // Python 2 strings: keys of old checkpoints
		b, err := m.sized(map[byte]int{'T': 4, 'U': 1}[op])
		return string(b), true, err
	case 'V', 'S':
		s, err := m.line()
		return strings.Trim(s, `'"`), true, err
	case 'B', 'C', 0x8e, 0x96:
		b, err := m.sized(map[byte]int{'B': 4, 'C': 1, 0x8e: 8, 0x96: 8}[op])
		return pickledBytes(b), true, err
	case ')':
		return tuple(nil), true, nil
	case '}':
		return new(dict), true, m.charge(64)
	case ']', 0x8f:
		return new(list), true, m.charge(32)
	}
	return nil, false, nil
}

func textInt(op byte, s string) (any, error) {
	switch {
	case op == 'I' && s == "00":
		return false, nil
	case op == 'I' && s == "01":
		return true, nil
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(s, "L"), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return bigint(s), nil
	}
	if err != nil {
		return nil, fail(ErrFormat, "integer %.40q in the pickle", s)
	}
	return n, nil
}

// long gives a little-endian two's complement integer.
func long(b []byte) any {
	if len(b) > 8 {
		return bigint(b)
	}
	var u uint64
	for i, c := range b {
		u |= uint64(c) << (8 * i)
	}
	if n := len(b); n > 0 && n < 8 && b[n-1]&0x80 != 0 {
		u |= ^uint64(0) << (8 * n)
	}
	return int64(u)
}

func (m *machine) build(op byte) error {
	switch op {
	case 0x80: // PROTO
		p, err := m.byte()
		if err == nil && p > 5 {
			err = fail(ErrUnsupported, "pickle protocol %d", p)
		}
		return err
	case 0x95: // FRAME: a hint for buffering
		_, err := m.uint(8)
		return err
	case '0': // POP
		_, err := m.pop()
		return err
	case '1': // POP_MARK
		_, err := m.popMark()
		return err
	case '2': // DUP
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(v)
	case 'p', 'q', 'r', 0x94, 'g', 'h', 'j':
		return m.memoOp(op)
	case 't', 0x85, 0x86, 0x87:
		return m.tuple(op)
	case 'l', 'd', 0x91: // LIST, DICT, FROZENSET
		return m.fromMark(op)
	case 'a', 'e', 0x90, 's', 'u':
		return m.store(op)
	case 'c', 0x93, 'i':
		return m.global(op)
	case 'P', 'Q':
		return m.persist(op)
	case 'R', 0x81, 0x92, 'o':
		return m.call(op)
	case 'b':
		return m.setState()
	}
	return fail(ErrFormat, "opcode %#02x in the pickle", op)
}

func (m *machine) memoOp(op byte) error {
	var key int64
	switch op {
	case 'p', 'g':
		s, err := m.line()
		if err != nil {
			return err
		}
		if key, err = strconv.ParseInt(s, 10, 64); err != nil {
			return fail(ErrFormat, "memo key %.40q", s)
		}
	case 0x94:
		key = int64(len(m.memo))
	default:
		u, err := m.uint(map[byte]int{'q': 1, 'h': 1, 'r': 4, 'j': 4}[op])
		if err != nil {
			return err
		}
		key = int64(u)
	}
	switch op {
	case 'g', 'h', 'j':
		v, ok := m.memo[key]
		if !ok {
			return fail(ErrFormat, "the pickle's memo has no %d", key)
		}
		return m.push(v)
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	m.memo[key] = v
	return m.charge(64)
}

func (m *machine) tuple(op byte) error {
	var items []any
	if op == 't' {
		above, err := m.popMark()
		if err != nil {
			return err
		}
		items = above
	} else {
		n := int(op) - 0x84
		if len(m.stack) < n {
			return fail(ErrFormat, "pickle takes %d values from a stack of %d", n, len(m.stack))
		}
		items = m.stack[len(m.stack)-n:]
		m.stack = m.stack[:len(m.stack)-n]
	}
	if err := m.charge(40 + 16*len(items)); err != nil {
		return err
	}
	return m.push(append(tuple(nil), items...))
}

func (m *machine) fromMark(op byte) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if err := m.charge(64 + 16*len(items)); err != nil {
		return err
	}
	if op != 'd' {
		return m.push(&list{append([]any(nil), items...)})
	}
	d := new(dict)
	if err := m.fill(d, items); err != nil {
		return err
	}
	return m.push(d)
}

// fill stores alternating keys and values.
func (m *machine) fill(d *dict, items []any) error {
	if len(items)%2 != 0 {
		return fail(ErrFormat, "a key without a value in the pickle")
	}
	if err := m.charge(64 * len(items)); err != nil {
		return err
	}
	for i := 0; i < len(items); i += 2 {
		d.set(items[i], items[i+1])
	}
	return nil
}

// store executes APPEND, APPENDS, ADDITEMS, SETITEM and SETITEMS.
func (m *machine) store(op byte) error {
	var items []any
	switch op {
	case 'a', 's':
		n := map[byte]int{'a': 1, 's': 2}[op]
		if len(m.stack) < n {
			return fail(ErrFormat, "pickle takes %d values from a stack of %d", n, len(m.stack))
		}
		items = m.stack[len(m.stack)-n:]
		m.stack = m.stack[:len(m.stack)-n]
	default:
		above, err := m.popMark()
		if err != nil {
			return err
		}
		items = above
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	if op == 's' || op == 'u' {
		switch t := target.(type) {
		case *dict:
			return m.fill(t, items)
		case *opaque:
			return m.fill(&t.items, items)
		}
		return fail(ErrFormat, "the pickle sets items of a %T", target)
	}
	if err := m.charge(32 * len(items)); err != nil {
		return err
	}
	switch t := target.(type) {
	case *list:
		t.items = append(t.items, items...)
		return nil
	case *opaque: // a list subclass: its items are of no use here
		return nil
	}
	return fail(ErrFormat, "the pickle appends to a %T", target)
}

func (m *machine) global(op byte) error {
	var module, name string
	if op == 0x93 {
		n, err := m.pop()
		if err != nil {
			return err
		}
		mod, err := m.pop()
		if err != nil {
			return err
		}
		var ok1, ok2 bool
		module, ok1 = mod.(string)
		name, ok2 = n.(string)
		if !ok1 || !ok2 {
			return fail(ErrFormat, "a global whose name is no string")
		}
	} else {
		var err error
		if module, err = m.line(); err != nil {
			return err
		}
		if name, err = m.line(); err != nil {
			return err
		}
	}
	if err := m.charge(48); err != nil {
		return err
	}
	g := &global{module, name}
	if op == 'i' { // INST: class and arguments at once
		args, err := m.popMark()
		if err != nil {
			return err
		}
		v, err := m.apply(g, args)
		if err != nil {
			return err
		}
		return m.push(v)
	}
	return m.push(g)
}

func (m *machine) persist(op byte) error {
	var id any
	var err error
	if op == 'P' {
		id, err = m.line()
	} else {
		id, err = m.pop()
	}
	if err != nil {
		return err
	}
	if m.persistent == nil {
		return fail(ErrFormat, "a persistent id where none may stand")
	}
	v, err := m.persistent(id)
	if err != nil {
		return err
	}
	if err := m.charge(96); err != nil {
		return err
	}
	return m.push(v)
}

// call executes REDUCE, NEWOBJ, NEWOBJ_EX and OBJ.
func (m *machine) call(op byte) error {
	var args []any
	if op == 'o' {
		above, err := m.popMark()
		if err != nil {
			return err
		}
		if len(above) == 0 {
			return fail(ErrFormat, "OBJ without a class")
		}
		v, err := m.apply(above[0], above[1:])
		if err != nil {
			return err
		}
		return m.push(v)
	}
	if op == 0x92 {
		if _, err := m.pop(); err != nil { // keyword arguments
			return err
		}
	}
	a, err := m.pop()
	if err != nil {
		return err
	}
	args, ok := a.(tuple)
	if !ok {
		return fail(ErrFormat, "the pickle calls with a %T for arguments", a)
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.apply(f, args)
	if err != nil {
		return err
	}
	return m.push(v)
}

// setState executes BUILD: the attributes of an opaque object are kept, those of others are not needed.
func (m *machine) setState() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	o, ok := target.(*opaque)
	if !ok {
		return nil
	}
	if d, ok := state.(*dict); ok {
		if err := m.charge(128 * len(d.keys)); err != nil {
			return err
		}
		for i, k := range d.keys {
			o.items.set(k, d.values[i])
		}
	}
	return nil
}
