package abi_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/wasm/abi"
)

// image is one that every field of which differs.
func image() abi.Image {
	return abi.Image{
		Width: 3, Height: 2, Maps: 4, SourceWidth: 640, SourceHeight: 480, MeanFilter: 21,
		Weights: abi.Weights{Refined: 0.9, Base: 0.1, Shift: -2}, Class: "screw",
		Params: []abi.Param{{Key: "edge", Value: "8"}, {Key: "a.b", Value: "x=y"}},
	}
}

// TestImageRecord reads back by the offsets of ABI.md.
func TestImageRecord(t *testing.T) {
	const at = 1 << 16
	img := image()
	buffer := bytes.Repeat([]byte{0xee}, img.Room())
	n := abi.PutImage(buffer, at, img)
	word := func(offset int) uint32 { return binary.LittleEndian.Uint32(buffer[offset:]) }
	for _, f := range []struct {
		offset int
		want   uint32
	}{
		{0, 56}, {4, 3}, {8, 2}, {12, 4}, {16, 640}, {20, 480}, {24, 21},
		{28, math.Float32bits(0.9)}, {32, math.Float32bits(0.1)}, {36, math.Float32bits(-2)},
		{40, at + 56}, {44, 5}, {48, at + 61}, {52, 15},
	} {
		if got := word(f.offset); got != f.want {
			t.Errorf("offset %d: %#x, want %#x", f.offset, got, f.want)
		}
	}
	if got, want := string(buffer[56:n]), "screwedge=8\na.b=x=y\n"; got != want {
		t.Errorf("texts %q, want %q", got, want)
	}
}

func TestMapRecord(t *testing.T) {
	buffer := make([]byte, abi.MapSize)
	abi.PutMap(buffer, 4096, 7, abi.Map{Kind: abi.Refined, Timestep: 250, Cell: 16, Scale: 4})
	want := []uint32{32, 7, 1, 250, 16, 4, 4096 + 32, 0}
	for i, w := range want {
		if got := binary.LittleEndian.Uint32(buffer[4*i:]); got != w {
			t.Errorf("offset %d: %d, want %d", 4*i, got, w)
		}
	}
}

func TestRoom(t *testing.T) {
	img := image()
	if got, want := img.Room(), 56+5+15; got != want {
		t.Errorf("texts longer than a map: %d bytes, want %d", got, want)
	}
	img.Width, img.Height = 224, 224
	if got, want := img.Room(), 32+224*224*4; got != want {
		t.Errorf("a map longer than the texts: %d bytes, want %d", got, want)
	}
}

func TestCheck(t *testing.T) {
	if err := image().Check(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*abi.Image)
		want   string
	}{
		{"no width", func(m *abi.Image) { m.Width = 0 }, "width is 0, want 1 to 4096"},
		{"tall", func(m *abi.Image) { m.Height = 4097 }, "height is 4097, want 1 to 4096"},
		{"large", func(m *abi.Image) { m.Width, m.Height = 4096, 4096 }, "pixels is 16777216, want 1 to 4194304"},
		{"no maps", func(m *abi.Image) { m.Maps = 0 }, "number of maps is 0"},
		{"long class", func(m *abi.Image) { m.Class = strings.Repeat("a", 1<<16+1) }, "bytes of class is 65537"},
		{"infinite weight", func(m *abi.Image) { m.Weights.Shift = float32(math.Inf(1)) }, "not finite"},
		{"key with a space", func(m *abi.Image) { m.Params[0].Key = "a b" }, `parameter name "a b"`},
		{"value with a line break", func(m *abi.Image) { m.Params[0].Value = "a\nb" }, "parameter edge: a line break"},
	} {
		img := image()
		test.change(&img)
		if err := img.Check(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func TestParseParam(t *testing.T) {
	p, err := abi.ParseParam("a.b=x=y")
	if err != nil || p != (abi.Param{Key: "a.b", Value: "x=y"}) {
		t.Errorf("got %v, %v", p, err)
	}
	for _, text := range []string{"", "a", "=1", "A=1", strings.Repeat("a", 65) + "=1"} {
		if _, err := abi.ParseParam(text); err == nil {
			t.Errorf("%q taken", text)
		}
	}
}
