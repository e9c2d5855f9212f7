// Package strictjson checks a JSON text more strictly than encoding/json does before it is decoded: no duplicate keys,
// no folded key spellings, no nulls, bounded depth and counts. It imports nothing of ours.
//
//	err := strictjson.Check(text, strictjson.Rules{MaxDepth: 16, MaxArray: 100, MaxKeys: 100, MaxValues: 1000})
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Errors that Check wraps.
var (
	ErrSyntax    = errors.New("not valid JSON")
	ErrDuplicate = errors.New("duplicate key")
	ErrKey       = errors.New("key is not lower-case ASCII")
	ErrNull      = errors.New("null is not allowed")
	ErrLimit     = errors.New("too large")
)

// Rules bound a text. Open says whether the values below the top-level key top may use any key and null; at depth 1 the
// keys of the top-level object itself are asked about. A nil Open allows neither anywhere.
type Rules struct {
	MaxDepth, MaxArray, MaxKeys, MaxValues int
	Open                                   func(depth int, top string) bool
}

type frame struct {
	object bool
	keys   map[string]struct{}
	n      int
	key    bool // the next string is a key
}

// Check reports the first breach of the rules in text, which must be one JSON object in UTF-8.
func Check(text []byte, r Rules) error {
	if !utf8.Valid(text) || !json.Valid(text) || text[0] != '{' {
		return ErrSyntax
	}
	var (
		stack  []frame
		top    string
		values int
	)
	open := func() bool { return r.Open != nil && r.Open(len(stack), top) }
	// begin accounts for a value that starts at the current place.
	begin := func() error {
		values++
		if values > r.MaxValues {
			return fmt.Errorf("%w: more than %d values", ErrLimit, r.MaxValues)
		}
		if len(stack) > 0 && !stack[len(stack)-1].object {
			f := &stack[len(stack)-1]
			if f.n++; f.n > r.MaxArray {
				return fmt.Errorf("%w: an array of more than %d entries", ErrLimit, r.MaxArray)
			}
		}
		return nil
	}
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '{', '[':
			if err := begin(); err != nil {
				return err
			}
			if len(stack) == r.MaxDepth {
				return fmt.Errorf("%w: nested deeper than %d", ErrLimit, r.MaxDepth)
			}
			stack = append(stack, frame{object: c == '{', key: c == '{'})
			i++
		case '}', ']':
			stack = stack[:len(stack)-1]
			i++
		case ',':
			f := &stack[len(stack)-1]
			f.key = f.object
			i++
		case ' ', '\t', '\n', '\r', ':':
			i++
		case '"':
			end := stringEnd(text, i)
			f := &stack[len(stack)-1]
			if f.key {
				if len(f.keys) == r.MaxKeys {
					return fmt.Errorf("%w: an object of more than %d keys", ErrLimit, r.MaxKeys)
				}
				name, err := f.add(text[i:end])
				if err != nil {
					return err
				}
				if len(stack) == 1 {
					top = name
				}
				if !open() && !lower(name) {
					return fmt.Errorf("%w: %q", ErrKey, clip(name))
				}
			} else if err := begin(); err != nil {
				return err
			}
			i = end
		default:
			if err := begin(); err != nil {
				return err
			}
			if c == 'n' && !open() {
				return ErrNull
			}
			for i < len(text) && !delimiter(text[i]) {
				i++
			}
		}
	}
	return nil
}

func (f *frame) add(quoted []byte) (string, error) {
	name := string(quoted[1 : len(quoted)-1])
	if strings.Contains(name, `\`) {
		if err := json.Unmarshal(quoted, &name); err != nil {
			return "", ErrSyntax
		}
	}
	if _, seen := f.keys[name]; seen {
		return "", fmt.Errorf("%w: %q", ErrDuplicate, clip(name))
	}
	if f.keys == nil {
		f.keys = make(map[string]struct{})
	}
	f.keys[name] = struct{}{}
	f.key = false
	return name, nil
}

func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func delimiter(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

func lower(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != ""
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
