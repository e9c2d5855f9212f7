package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Version is the format version this package reads and writes.
const Version = 1

const (
	magic      = "drdc\r\n\x1a\n"
	prefixSize = 8 + 4 + 4 + 8
	digestSize = 32
)

// Meta is what a file says about its model besides the tensors.
type Meta struct {
	// Config is the model's configuration, a JSON object. This package stores it and does not interpret it.
	Config json.RawMessage `json:"config"`
	// Parts are the networks in the file by name ("backbone", "base", "refiner", "bank"). The name of each tensor begins
	// with the name of its part and a dot.
	Parts map[string]Part `json:"parts"`
	// Provenance is free text by key: where the numbers came from, licence, tools.
	Provenance map[string]string `json:"provenance"`
}

// Part describes one network of the file.
type Part struct {
	// Arch is the architecture, such as "efficientnet_b4".
	Arch string `json:"arch"`
	// Flavour is the program whose checkpoint it was, such as "lukemelas"; empty when it was trained here.
	Flavour string `json:"flavour,omitempty"`
	// Folded says that batch normalisation was folded into the weights, so original tensors can not be given back.
	Folded bool `json:"folded,omitempty"`
}

// Header is the whole of a file but its numbers. Tensors are sorted by name.
type Header struct {
	Meta
	Tensors []Tensor `json:"tensors"`
}

// Tensor describes one tensor of a file.
type Tensor struct {
	// Name is unique, at most MaxName bytes of [A-Za-z0-9._-].
	Name string `json:"name"`
	// Origin is the name in the checkpoint it was imported from; empty when it had none.
	Origin string `json:"origin,omitempty"`
	DType  DType  `json:"dtype"`
	// Shape has the dimensions, outermost first; rank 0 is a single number.
	Shape []int `json:"shape"`
	// Scale has the scales of a quantised tensor, else nil.
	Scale *Scale `json:"scale,omitempty"`
	// Raw is the length of the elements before compression, in bytes, without the scales.
	Raw int64 `json:"raw"`
	// Chunks hold the elements, in order.
	Chunks []Chunk `json:"chunks"`
}

// Scale says how a quantised tensor maps codes to values: the tensor is seen as Shape[0] rows (one row when the rank is
// below 2), each row is cut into groups of Group elements, the last one shorter, and each group has one f32 scale.
type Scale struct {
	Group  int     `json:"group"`
	Raw    int64   `json:"raw"`
	Chunks []Chunk `json:"chunks"`
}

// Chunk is one independently compressed piece. Offset counts from the first byte after the header digest.
type Chunk struct {
	Offset int64  `json:"offset"`
	Stored int64  `json:"stored"` // compressed length, bytes; 0 when Zero
	Raw    int64  `json:"raw"`    // length before compression, bytes
	SHA256 string `json:"sha256,omitempty"`
	// Zero says that all Raw bytes are 0 and nothing is stored.
	Zero bool `json:"zero,omitempty"`
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Part is the name of the part that the tensor belongs to.
func (t *Tensor) Part() string {
	part, _, _ := strings.Cut(t.Name, ".")
	return part
}

// Stored is the compressed length with the scales, in bytes.
func (t *Tensor) Stored() int64 {
	n := int64(0)
	for _, c := range t.Chunks {
		n += c.Stored
	}
	if t.Scale != nil {
		for _, c := range t.Scale.Chunks {
			n += c.Stored
		}
	}
	return n
}

// Params is the number of elements of the tensors of a part.
func (h *Header) Params(part string) int {
	n := 0
	for i := range h.Tensors {
		if t := &h.Tensors[i]; t.Part() == part {
			n += t.Len()
		}
	}
	return n
}

// geometry is how the elements of a quantised tensor fall into rows and groups.
type geometry struct{ row, group, perRow int }

func geometryOf(shape []int, n, group int) geometry {
	g := geometry{row: n, group: group}
	if len(shape) >= 2 && shape[0] > 0 {
		g.row = n / shape[0]
	}
	g.perRow = (g.row + group - 1) / group
	return g
}

// scales is the number of scales of n elements.
func (g geometry) scales(n int) int {
	if n == 0 {
		return 0
	}
	return n / g.row * g.perRow
}

// encode gives the header's bytes: object keys sorted, no spaces, so equal headers have equal bytes.
func (h *Header) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(h); err != nil {
		return nil, malformed(ErrHeader, "header: %v", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// canonical rewrites a JSON object with sorted keys and no spaces.
func canonical(text json.RawMessage) (json.RawMessage, error) {
	if len(text) == 0 {
		return json.RawMessage("{}"), nil
	}
	if err := checkJSON(text, func(int, string) bool { return true }); err != nil {
		return nil, err
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, malformed(ErrHeader, "configuration: %v", err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, malformed(ErrHeader, "configuration: %v", err)
	}
	return out, nil
}

func checkName(name string) error {
	if len(name) > MaxName {
		return malformed(ErrName, "tensor %q...: name of %d bytes, limit %d", name[:40], len(name), MaxName)
	}
	for _, word := range strings.Split(name, ".") {
		if word == "" {
			return malformed(ErrName, "tensor %q: an empty word between dots", name)
		}
		if i := strings.IndexFunc(word, func(r rune) bool { return !nameRune(r) }); i >= 0 {
			return malformed(ErrName, "tensor %q: only letters, digits, '.', '_' and '-' are allowed", name)
		}
	}
	return nil
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

func checkParts(parts map[string]Part) error {
	for name := range parts {
		bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
		if name == "" || len(name) > maxPartName || strings.ContainsFunc(name, bad) {
			return malformed(ErrName, "part %q: want 1 to %d of a-z, 0-9 and '_'", clip(name), maxPartName)
		}
	}
	return nil
}

func checkOrigin(t *Tensor) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if len(t.Origin) > MaxOrigin || strings.ContainsFunc(t.Origin, control) {
		return malformed(ErrName, "tensor %q: original name %q: want at most %d bytes without control characters", t.Name,
			clip(t.Origin), MaxOrigin)
	}
	return nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

func (t *Tensor) clone() Tensor {
	c := *t
	c.Shape = slices.Clone(t.Shape)
	c.Chunks = slices.Clone(t.Chunks)
	if t.Scale != nil {
		s := *t.Scale
		s.Chunks = slices.Clone(s.Chunks)
		c.Scale = &s
	}
	return c
}

// String is a line for people: name, type and shape.
func (t Tensor) String() string { return fmt.Sprintf("%s %s %v", t.Name, t.DType, t.Shape) }
