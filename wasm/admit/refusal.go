package admit

import (
	"errors"
	"fmt"
)

// ErrRefused is wrapped by every refusal of a module: it was not compiled.
var ErrRefused = errors.New("refused")

// Refusal is why a module was not admitted.
type Refusal struct {
	Offset int    // of the byte in the file
	What   string // is wrong there: "locals of function 7"
	Value  string // that was found, "" where the words say all
	Limit  string // that holds, or what was expected; "" where the words say all
}

func (r *Refusal) Error() string {
	s := fmt.Sprintf("admit: refused at byte %d: %s", r.Offset, r.What)
	if r.Value != "" {
		s += " is " + r.Value
	}
	if r.Limit != "" {
		s += ", want " + r.Limit
	}
	return s
}

// Unwrap lets errors.Is find ErrRefused.
func (r *Refusal) Unwrap() error { return ErrRefused }
