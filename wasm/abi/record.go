package abi

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Kind says which part of the method made a map.
type Kind uint32

const (
	// Base is the map of the base model (method 2, Eq. 2).
	Base Kind = 0
	// Refined is a map of the diffusion refiner (method 4.5, Eq. 14).
	Refined Kind = 1
)

// Image is what a guest knows of an image before its first map.
type Image struct {
	Width, Height             int     // of every map and of the heatmap, pixels
	Maps                      int     // how many maps follow
	SourceWidth, SourceHeight int     // of the photo before resizing, pixels; 0 when unknown
	MeanFilter                int     // the configured box of the mean filter, pixels, odd (Eq. 16)
	Weights                   Weights // as configured
	Class                     string  // the product, or "" when unknown
	Params                    []Param // from --rule-param, in that order
}

// Weights make the heatmap of the two maps, Eq. 17 with any normalisation in it:
// Refined times the refined map plus Base times the base map plus Shift.
type Weights struct{ Refined, Base, Shift float32 }

// Param is a parameter of a rule.
type Param struct{ Key, Value string }

// Map is one map of an image without its pixels.
type Map struct {
	Kind     Kind
	Timestep int // 1..1000 as the paper counts; 0 in the base map
	Cell     int // edge of the hidden cells, pixels; 0 in the base map
	Scale    int // the divisor at which images were compared, 1, 2, 4...; 0 in the base map
}

// The lengths of the records, in bytes, and the alignment of records and pixels in a guest's memory.
const (
	ImageSize = 56
	MapSize   = 32
	Align     = 16
)

// The largest values that a host passes or takes.
const (
	MaxSide    = 4096    // pixels of a map along one side
	MaxPixels  = 4 << 20 // pixels of a map
	MaxMaps    = 4096    // maps of an image
	MaxText    = 64 << 10
	MaxNumbers = 64   // named numbers of a result
	MaxName    = 64   // bytes of the name of one
	MaxMessage = 1024 // bytes of a failure's text that are kept
)

// Check returns an error for values outside the contract.
func (m Image) Check() error {
	for _, v := range []struct {
		name            string
		value, min, max int
	}{
		{"width", m.Width, 1, MaxSide}, {"height", m.Height, 1, MaxSide}, {"pixels", m.Width * m.Height, 1, MaxPixels},
		{"source width", m.SourceWidth, 0, math.MaxInt32}, {"source height", m.SourceHeight, 0, math.MaxInt32},
		{"number of maps", m.Maps, 1, MaxMaps}, {"mean filter", m.MeanFilter, 1, MaxSide},
		{"bytes of class", len(m.Class), 0, MaxText}, {"bytes of parameters", len(m.params()), 0, MaxText},
	} {
		if v.value < v.min || v.value > v.max {
			return fmt.Errorf("abi: %s is %d, want %d to %d", v.name, v.value, v.min, v.max)
		}
	}
	for _, w := range []float32{m.Weights.Refined, m.Weights.Base, m.Weights.Shift} {
		if math.Float32bits(w)&0x7f800000 == 0x7f800000 {
			return fmt.Errorf("abi: a weight of %+v is not finite", m.Weights)
		}
	}
	for _, p := range m.Params {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

// ParseParam reads "key=value".
func ParseParam(text string) (Param, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return Param{}, fmt.Errorf("abi: parameter %q is not key=value", text)
	}
	p := Param{key, value}
	return p, p.check()
}

func (p Param) check() error {
	if !IsName(p.Key) {
		return fmt.Errorf("abi: parameter name %q: want 1 to %d of a-z 0-9 . _ -", p.Key, MaxName)
	}
	if strings.ContainsAny(p.Value, "\n\x00") {
		return fmt.Errorf("abi: parameter %s: a line break or a zero byte in %q", p.Key, p.Value)
	}
	return nil
}

// IsName reports whether s may name a parameter or a number: 1 to MaxName of a-z 0-9 _ - .
func IsName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= MaxName
}

// params is one line per parameter.
func (m Image) params() string {
	var b strings.Builder
	for _, p := range m.Params {
		b.WriteString(p.Key + "=" + p.Value + "\n")
	}
	return b.String()
}

// Room is how many bytes a host allocates in a guest for an image's records, texts and one map.
func (m Image) Room() int {
	return max(ImageSize+len(m.Class)+len(m.params()), MapSize+m.Width*m.Height*4)
}

// PutImage writes the record that drdc_begin reads, and its texts, to the start of dst, which holds Room bytes and lies at
// address at of the guest's memory. It returns how many bytes it wrote.
func PutImage(dst []byte, at uint32, m Image) int {
	params := m.params()
	class := at + ImageSize
	for i, v := range []uint32{
		ImageSize, uint32(m.Width), uint32(m.Height), uint32(m.Maps), uint32(m.SourceWidth), uint32(m.SourceHeight),
		uint32(m.MeanFilter), math.Float32bits(m.Weights.Refined), math.Float32bits(m.Weights.Base), math.Float32bits(m.Weights.Shift),
		class, uint32(len(m.Class)), class + uint32(len(m.Class)), uint32(len(params)),
	} {
		binary.LittleEndian.PutUint32(dst[4*i:], v)
	}
	n := ImageSize + copy(dst[ImageSize:], m.Class)
	return n + copy(dst[n:], params)
}

// PutMap writes the record that drdc_map reads, for map number index, to the start of dst at address at of the guest's memory.
// The pixels, height*width little-endian float32, go right behind it: at offset MapSize.
func PutMap(dst []byte, at uint32, index int, m Map) {
	for i, v := range []uint32{
		MapSize, uint32(index), uint32(m.Kind), uint32(m.Timestep), uint32(m.Cell), uint32(m.Scale), at + MapSize, 0,
	} {
		binary.LittleEndian.PutUint32(dst[4*i:], v)
	}
}
