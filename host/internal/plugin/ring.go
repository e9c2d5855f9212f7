package plugin

import (
	"strings"
	"unicode"
)

// logBytes is how much of a guest's log is kept.
const logBytes = 64 << 10

// ring keeps the newest logBytes of what is written to it.
type ring struct {
	data  []byte
	start int // of the oldest byte, once data is full
}

// Write never fails: a guest may write as much as it has time for.
func (r *ring) Write(p []byte) (int, error) {
	n := len(p)
	p = p[max(0, n-logBytes):]
	if free := logBytes - len(r.data); free > 0 {
		k := min(free, len(p))
		r.data = append(r.data, p[:k]...)
		p = p[k:]
	}
	for len(p) > 0 {
		k := copy(r.data[r.start:], p)
		r.start = (r.start + k) % logBytes
		p = p[k:]
	}
	return n, nil
}

// String is the log for people.
func (r *ring) String() string {
	return printable(string(r.data[r.start:]) + string(r.data[:r.start]))
}

func (r *ring) reset() { r.data, r.start = r.data[:0], 0 }

// printable replaces what could act on a terminal. Words of a guest are untrusted.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return unicode.ReplacementChar
	}, strings.TrimSpace(s))
}
