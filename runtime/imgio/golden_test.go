package imgio

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldens are made by testdata/golden/imgio/gen.py (PIL 9.4, seed 20240611).
const goldens = "../../testdata/golden/imgio"

func readGolden(t *testing.T, name string) *RGB {
	t.Helper()
	path := filepath.Join(goldens, name)
	data, err := ReadFile(path, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	img, err := Decode(data, path, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if w, h, err := Size(data, path, DefaultLimits()); err != nil || w != img.W || h != img.H {
		t.Errorf("the header of %s says %d x %d px, %v; decoded are %d x %d", path, w, h, err, img.W, img.H)
	}
	return img
}

// difference returns the largest and the mean absolute difference of two images of one size.
func difference(t *testing.T, got, want *RGB) (most int, mean float64) {
	t.Helper()
	if got.W != want.W || got.H != want.H {
		t.Fatalf("got %d x %d px, want %d x %d", got.W, got.H, want.W, want.H)
	}
	for i := range want.Pix {
		d := int(got.Pix[i]) - int(want.Pix[i])
		d = max(d, -d)
		most, mean = max(most, d), mean+float64(d)
	}
	return most, mean / float64(len(want.Pix))
}

func TestDecodeAgainstPIL(t *testing.T) {
	type tolerance struct {
		most int
		mean float64
	}
	exact := tolerance{}
	// Inverse DCT of Go against libjpeg-turbo: one rounding each of luma and chroma, scaled up to 1.8 by the colour matrix.
	dct := tolerance{3, 0.3}
	for _, c := range []struct {
		name string
		tol  tolerance
	}{
		{"rgb.png", exact}, {"grey.png", exact}, {"bilevel.png", exact}, {"grey_alpha.png", exact},
		{"rgba.png", exact}, {"palette.png", exact}, {"palette_alpha.png", exact}, {"grey_trns.png", exact},
		{"rgb_trns.png", exact}, {"grey16.png", exact}, {"rgb16.png", exact}, {"rgba16.png", exact},
		{"grey_alpha16.png", exact}, {"one.png", exact}, {"column.png", exact}, {"row.png", exact},
		{"q444.jpg", dct}, {"q422.jpg", dct}, {"q420.jpg", dct}, {"q420_even.jpg", dct}, {"q420_narrow.jpg", dct},
		{"q420_one.jpg", dct}, {"progressive.jpg", dct}, {"grey.jpg", dct}, {"cmyk.jpg", dct},
		{"rgb.bmp", exact}, {"grey.bmp", exact}, {"bilevel.bmp", exact}, {"palette.bmp", exact}, {"rgba.bmp", exact},
		{"rgb_raw.tif", exact}, {"rgb_tiff_lzw.tif", exact}, {"rgb_tiff_deflate.tif", exact}, {"rgb_packbits.tif", exact},
		{"grey.tif", exact}, {"bilevel_g4.tif", exact}, {"bilevel_g3.tif", exact}, {"bilevel_g4_white.tif", exact}, {"rgba.tif", exact},
		{"palette.tif", exact}, {"grey16.tif", exact},
		{"lossless.webp", exact}, {"lossless_alpha.webp", exact}, {"lossy.webp", exact}, {"lossy_alpha.webp", exact},
		{"orient1.jpg", dct}, {"orient2.jpg", dct}, {"orient3.jpg", dct}, {"orient4.jpg", dct},
		{"orient5.jpg", dct}, {"orient6.jpg", dct}, {"orient7.jpg", dct}, {"orient8.jpg", dct},
		{"orient6.png", exact}, {"orient6.webp", exact}, {"orient6.tif", exact},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, want := readGolden(t, "decode/"+c.name), readGolden(t, "decode/"+c.name+".rgb.png")
			most, mean := difference(t, got, want)
			t.Logf("max abs %d of %d, mean %.4f of %.4f", most, c.tol.most, mean, c.tol.mean)
			if most > c.tol.most || mean > c.tol.mean {
				t.Errorf("max abs %d (tolerance %d), mean %.4f (tolerance %.4f)", most, c.tol.most, mean, c.tol.mean)
			}
		})
	}
}

// noise is the input of the resize goldens; gen.py makes the same.
func noise(n int) []uint8 {
	out := make([]uint8, n)
	s := uint32(1)
	for i := range out {
		s ^= s << 13
		s ^= s >> 17
		s ^= s << 5
		switch v := s & 0x3ff; {
		case v < 128:
			out[i] = 0
		case v >= 896:
			out[i] = 255
		default:
			out[i] = uint8(v)
		}
	}
	return out
}

func TestResizeAgainstPIL(t *testing.T) {
	cases, err := os.ReadFile(filepath.Join(goldens, "resize/cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	resize := map[string]func(*RGB, int, int) (*RGB, error){"bilinear": Resize, "nearest": ResizeNearest}
	pool := noise(3 * 640 * 480)
	for line := range strings.Lines(string(cases)) {
		var method, want string
		var w, h, outW, outH int
		if _, err := fmt.Sscan(line, &method, &w, &h, &outW, &outH, &want); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		t.Run(fmt.Sprintf("%s/%dx%d_%dx%d", method, w, h, outW, outH), func(t *testing.T) {
			got, err := resize[method](&RGB{W: w, H: h, Pix: pool[:3*w*h]}, outW, outH)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(got.Pix); hex.EncodeToString(sum[:]) != want {
				t.Errorf("digest %x, want %s", sum, want)
			}
		})
	}
	photo, err := Resize(readGolden(t, "resize/photo.png"), 56, 64)
	if err != nil {
		t.Fatal(err)
	}
	if most, _ := difference(t, photo, readGolden(t, "resize/photo_56x64.png")); most != 0 {
		t.Errorf("photo: max abs %d, want 0", most)
	}
}

func TestNormalizationAgainstTorch(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(goldens, "norm.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 4 {
		t.Fatalf("norm.txt has %d lines, want 4", len(lines))
	}
	img := &RGB{W: 256, H: 1}
	for v := range 256 {
		img.Pix = append(img.Pix, uint8(v), uint8(v), uint8(v))
	}
	for _, c := range []struct {
		name  string
		norm  *Normalization
		lines []string
	}{{"imagenet", ImageNet(), lines[:3]}, {"signed", Signed(), []string{lines[3], lines[3], lines[3]}}} {
		got := make([]float32, 256*Lanes)
		for i := range got {
			got[i] = 99
		}
		if err := c.norm.Apply(got, img); err != nil {
			t.Fatal(err)
		}
		for lane := range 3 {
			for v, word := range strings.Fields(c.lines[lane]) {
				bits := math.Float32bits(got[v*Lanes+lane])
				if text := fmt.Sprintf("%08x", bits); text != word {
					t.Fatalf("%s: channel %d value %d: bits %s, want %s", c.name, lane, v, text, word)
				}
				if got[v*Lanes+3] != 0 {
					t.Fatalf("%s: value %d: pad lane %v, want 0", c.name, v, got[v*Lanes+3])
				}
			}
		}
	}
}
