package imgio

import (
	"fmt"
	"image"
	"image/color"
)

// toRGB turns what a decoder made into upright RGB, row by row, so that no second copy of the picture exists.
func toRGB(src image.Image, webP bool, o orientation) (*RGB, error) {
	b := src.Bounds()
	row, err := rowReader(src, webP)
	if err != nil {
		return nil, err
	}
	outW, outH, base, dx, dy := o.place(b.Dx(), b.Dy())
	out := &RGB{W: outW, H: outH, Pix: make([]uint8, 3*outW*outH)}
	line := make([]uint8, 3*b.Dx())
	for y := range b.Dy() {
		if dx == 1 {
			at := 3 * (base + y*dy)
			row(out.Pix[at:at+len(line)], y)
			continue
		}
		row(line, y)
		at := 3 * (base + y*dy)
		for i := 0; i < len(line); i += 3 {
			copy(out.Pix[at:at+3], line[i:i+3])
			at += 3 * dx
		}
	}
	return out, nil
}

// rowReader returns a function that writes row y of src as RGB.
func rowReader(src image.Image, webP bool) (func(dst []uint8, y int), error) {
	switch m := src.(type) {
	case *image.Gray:
		return func(dst []uint8, y int) { greyRow(dst, m.Pix[y*m.Stride:], 1) }, nil
	case *image.Gray16:
		return func(dst []uint8, y int) { greyRow(dst, m.Pix[y*m.Stride:], 2) }, nil
	case *image.NRGBA:
		return func(dst []uint8, y int) { colourRow(dst, m.Pix[y*m.Stride:], 1) }, nil
	case *image.NRGBA64:
		return func(dst []uint8, y int) { colourRow(dst, m.Pix[y*m.Stride:], 2) }, nil
	case *image.RGBA:
		return func(dst []uint8, y int) { premultipliedRow(dst, m.Pix[y*m.Stride:], 1) }, nil
	case *image.RGBA64:
		return func(dst []uint8, y int) { premultipliedRow(dst, m.Pix[y*m.Stride:], 2) }, nil
	case *image.Paletted:
		table := paletteTable(m.Palette)
		return func(dst []uint8, y int) {
			for x, i := range m.Pix[y*m.Stride : y*m.Stride+len(dst)/3] {
				copy(dst[3*x:3*x+3], table[i][:])
			}
		}, nil
	case *image.CMYK:
		return func(dst []uint8, y int) { cmykRow(dst, m.Pix[y*m.Stride:]) }, nil
	case *image.YCbCr:
		return chromaReader(m, webP), nil
	case *image.NYCbCrA:
		return chromaReader(&m.YCbCr, webP), nil
	}
	return nil, fmt.Errorf("%w: pixels of type %T", ErrFormat, src)
}

// greyRow and its siblings read samples of step bytes, big-endian, of which the first (the high byte) is kept.
func greyRow(dst, src []uint8, step int) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+step {
		dst[i], dst[i+1], dst[i+2] = src[j], src[j], src[j]
	}
}

func colourRow(dst, src []uint8, step int) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+4*step {
		dst[i], dst[i+1], dst[i+2] = src[j], src[j+step], src[j+2*step]
	}
}

func premultipliedRow(dst, src []uint8, step int) {
	colourRow(dst, src, step)
	for i, j := 0, 3*step; i < len(dst); i, j = i+3, j+4*step {
		if a := int(src[j]); a != 255 {
			for c := i; c < i+3; c++ {
				dst[c] = unpremultiply(int(dst[c]), a)
			}
		}
	}
}

func unpremultiply(v, a int) uint8 {
	if a == 0 {
		return 0
	}
	return uint8(min(v*255/a, 255))
}

func cmykRow(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+4 {
		light := 255 - int(src[j+3])
		for c := range 3 {
			ink := int(src[j+c])*light + 128
			dst[i+c] = uint8(light - (ink+ink>>8)>>8)
		}
	}
}

// paletteTable keeps the stored colour of each entry; indices past the palette are black, as libpng has it.
func paletteTable(p color.Palette) (table [256][3]uint8) {
	for i, c := range p {
		switch c := c.(type) {
		case color.NRGBA:
			table[i] = [3]uint8{c.R, c.G, c.B}
		default:
			r, g, b, _ := c.RGBA()
			table[i] = [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
		}
	}
	return table
}
