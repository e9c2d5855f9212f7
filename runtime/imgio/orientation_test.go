package imgio

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// turn and mirror are the two moves that make all eight orientations, written the dull way.
func turn(m *RGB) *RGB { // clockwise
	out := &RGB{W: m.H, H: m.W, Pix: make([]uint8, len(m.Pix))}
	for y := range m.H {
		for x := range m.W {
			copy(out.Pix[3*(x*out.W+m.H-1-y):][:3], m.Pix[3*(y*m.W+x):][:3])
		}
	}
	return out
}

func mirror(m *RGB) *RGB {
	out := &RGB{W: m.W, H: m.H, Pix: make([]uint8, len(m.Pix))}
	for y := range m.H {
		for x := range m.W {
			copy(out.Pix[3*(y*m.W+m.W-1-x):][:3], m.Pix[3*(y*m.W+x):][:3])
		}
	}
	return out
}

func exifBlock(order binary.AppendByteOrder, value uint16) []byte {
	b := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, tagOrientation)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, value)
	return append(b, make([]byte, 6)...)
}

func TestOrientations(t *testing.T) {
	same := func(m *RGB) *RGB { return m }
	moves := map[uint16]func(*RGB) *RGB{
		0: same, 1: same, 9: same, 65535: same, // outside of 1..8: shown as stored
		2: mirror,
		3: func(m *RGB) *RGB { return turn(turn(m)) },
		4: func(m *RGB) *RGB { return turn(turn(mirror(m))) },
		5: func(m *RGB) *RGB { return turn(turn(turn(mirror(m)))) },
		6: turn,
		7: func(m *RGB) *RGB { return turn(mirror(m)) },
		8: func(m *RGB) *RGB { return turn(turn(turn(m))) },
	}
	for _, size := range [][2]int{{1, 1}, {1, 5}, {5, 1}, {3, 4}, {7, 2}} {
		w, h := size[0], size[1]
		stored := &RGB{W: w, H: h, Pix: noise(3 * w * h)}
		var buf bytes.Buffer
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			img.SetRGBA(i%w, i/w, color.RGBA{stored.Pix[3*i], stored.Pix[3*i+1], stored.Pix[3*i+2], 255})
		}
		if err := png.Encode(&buf, img); err != nil {
			t.Fatal(err)
		}
		for value, move := range moves {
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				const headerEnd = 33
				chunk := append([]byte("eXIf"), exifBlock(order, value)...)
				file := append(bytes.Clone(buf.Bytes()[:headerEnd]), withLengthAndSum(chunk)...)
				file = append(file, buf.Bytes()[headerEnd:]...)
				got, err := Decode(file, "eXIf", DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				if most, _ := difference(t, got, move(stored)); most != 0 {
					t.Errorf("%d x %d, orientation %d, %v: max abs %d", w, h, value, order, most)
				}
			}
		}
	}
}
