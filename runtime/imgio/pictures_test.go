package imgio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withLengthAndSum completes a PNG chunk of type and body.
func withLengthAndSum(chunk []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4))
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func randomMap(w, h int, lo, hi float32) *Heatmap {
	rng := rand.New(rand.NewPCG(7, 11))
	m := &Heatmap{W: w, H: h, Val: make([]float32, w*h)}
	for i := range m.Val {
		m.Val[i] = lo + (hi-lo)*rng.Float32()
	}
	return m
}

func TestHeatmapComesBack(t *testing.T) {
	texts := []Text{{"drdc:settings", `{"alpha":0.9}`}, {"Title", "größe 20 µm"}, {"Empty", ""}}
	for _, r := range []Range{{0, 1}, {-3, 0.25}, {1e-9, 2e-9}, {-1e30, 1e30}, {0, math.SmallestNonzeroFloat32}} {
		m := randomMap(31, 17, r.Lo, r.Hi)
		m.Val[0], m.Val[1] = r.Lo, r.Hi
		var a, b bytes.Buffer
		if err := errors.Join(EncodeHeatmap(&a, m, r, texts...), EncodeHeatmap(&b, m, r, texts...)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Error("two encodings of one map differ")
		}
		got, gotTexts, err := DecodeHeatmap(a.Bytes(), "map.png", DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if len(gotTexts) != 4 || gotTexts[0].Key != ScaleKey || gotTexts[1] != texts[0] || gotTexts[2] != texts[1] || gotTexts[3] != texts[2] {
			t.Errorf("texts %q", gotTexts)
		}
		// Half a grey level, and one rounding to float32.
		width := float64(r.Hi) - float64(r.Lo)
		tol := width/65535/2 + math.Max(math.Abs(float64(r.Lo)), math.Abs(float64(r.Hi)))/(1<<23) + math.SmallestNonzeroFloat32
		for i, v := range m.Val {
			if d := math.Abs(float64(got.Val[i]) - float64(v)); d > tol {
				t.Fatalf("range %v value %d: %g became %g, off by %g, tolerance %g", r, i, v, got.Val[i], d, tol)
			}
		}
		if got.Val[0] != r.Lo || got.Val[1] != r.Hi {
			t.Errorf("ends of %v became %v and %v", r, got.Val[0], got.Val[1])
		}
	}
}

func TestHeatmapClipsAndRefuses(t *testing.T) {
	var buf bytes.Buffer
	if err := EncodeHeatmap(&buf, &Heatmap{2, 1, []float32{-5, 7}}, Range{0, 1}); err != nil {
		t.Fatal(err)
	}
	got, _, err := DecodeHeatmap(buf.Bytes(), "m", DefaultLimits())
	if err != nil || got.Val[0] != 0 || got.Val[1] != 1 {
		t.Errorf("clipped to %v, %v", got, err)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	one := &Heatmap{1, 1, []float32{0.5}}
	rgb := &RGB{1, 1, []uint8{1, 2, 3}}
	plain := new(bytes.Buffer)
	if err := EncodePNG(plain, rgb); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"NaN", EncodeHeatmap(&buf, &Heatmap{1, 1, []float32{nan}}, Range{0, 1}), ErrNonFinite},
		{"Inf", WriteNPY(&buf, &Heatmap{1, 1, []float32{inf}}), ErrNonFinite},
		{"length", EncodeHeatmap(&buf, &Heatmap{2, 2, []float32{0}}, Range{0, 1}), ErrSize},
		{"empty range", EncodeHeatmap(&buf, one, Range{1, 1}), ErrSize},
		{"range to infinity", EncodeHeatmap(&buf, one, Range{0, inf}), ErrSize},
		{"mask threshold", EncodeMask(&buf, one, nan), ErrNonFinite},
		{"overlay map", second(Overlay(rgb, &Heatmap{1, 1, []float32{nan}}, DefaultOverlay(Range{0, 1}))), ErrNonFinite},
		{"overlay opacity", second(Overlay(rgb, one, OverlayOptions{Range: Range{0, 1}, Opacity: 2})), ErrSize},
		{"overlay threshold", second(Overlay(rgb, one, OverlayOptions{Range: Range{0, 1}, Contour: true, Threshold: nan})), ErrNonFinite},
		{"overlay image", second(Overlay(&RGB{2, 2, nil}, one, DefaultOverlay(Range{0, 1}))), ErrSize},
		{"key length", EncodePNG(&buf, rgb, Text{strings.Repeat("k", 80), ""}), ErrSize},
		{"key blank", EncodePNG(&buf, rgb, Text{" k", ""}), ErrFormat},
		{"text NUL", EncodePNG(&buf, rgb, Text{"k", "a\x00b"}), ErrFormat},
		{"text UTF-8", EncodePNG(&buf, rgb, Text{"k", "\xff"}), ErrFormat},
		{"text length", EncodePNG(&buf, rgb, Text{"k", strings.Repeat("a", maxText+1)}), ErrTooLarge},
		{"quality", EncodeJPEG(&buf, rgb, 0), ErrSize},
		{"thumbnail", second(Thumbnail(rgb, 0)), ErrSize},
		{"resize to nothing", second(Resize(rgb, 0, 3)), ErrSize},
		{"resize too far", second(Resize(&RGB{1, maxShrink, make([]uint8, 3*maxShrink)}, 1, 1)), ErrSize},
		{"nearest to nothing", second(ResizeNearest(rgb, 3, -1)), ErrSize},
		{"map to nothing", second(one.Resize(0, 1)), ErrSize},
		{"normalise", ImageNet().Apply(make([]float32, 3), rgb), ErrSize},
		{"new image", second(NewRGB(0, 1)), ErrSize},
		{"not a heatmap", third(DecodeHeatmap(plain.Bytes(), "m", DefaultLimits())), ErrFormat},
	} {
		if !errors.Is(c.err, c.want) || !strings.HasPrefix(c.err.Error(), "imgio: ") {
			t.Errorf("%s: error %v, want %v", c.name, c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestRangeOfMap(t *testing.T) {
	for _, c := range []struct {
		val  []float32
		want Range
	}{{[]float32{3, -2, 8}, Range{-2, 8}}, {[]float32{5, 5}, Range{5, 6}}, {[]float32{1e20}, Range{1e20, math.Nextafter32(1e20, 2e20)}}} {
		m := &Heatmap{len(c.val), 1, c.val}
		if got, err := m.Range(); err != nil || got != c.want {
			t.Errorf("%v: range %v, %v; want %v", c.val, got, err, c.want)
		}
	}
}

func TestMapResize(t *testing.T) {
	// PyTorch: F.interpolate(x, mode="bilinear", align_corners=False).
	for _, c := range []struct {
		name string
		in   Heatmap
		w, h int
		want []float32
	}{
		{"2 to 4", Heatmap{2, 1, []float32{0, 1}}, 4, 1, []float32{0, 0.25, 0.75, 1}},
		{"4 to 2", Heatmap{4, 1, []float32{0, 1, 2, 3}}, 2, 1, []float32{0.5, 2.5}},
		{"1 to 3", Heatmap{1, 1, []float32{7}}, 3, 1, []float32{7, 7, 7}},
		{"2x2 to 1x1", Heatmap{2, 2, []float32{0, 1, 2, 5}}, 1, 1, []float32{2}},
		{"column", Heatmap{1, 2, []float32{0, 4}}, 1, 4, []float32{0, 1, 3, 4}},
	} {
		got, err := c.in.Resize(c.w, c.h)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range c.want {
			if got.Val[i] != v {
				t.Errorf("%s: %v, want %v", c.name, got.Val, c.want)
				break
			}
		}
	}
}

func TestMask(t *testing.T) {
	var buf bytes.Buffer
	m := &Heatmap{3, 1, []float32{0.49, 0.5, 0.51}}
	if err := EncodeMask(&buf, m, 0.5, Text{"drdc:threshold", "0.5"}); err != nil {
		t.Fatal(err)
	}
	img, err := Decode(buf.Bytes(), "mask", DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	labels, err := GroundTruth(img, 3, 1)
	if err != nil || labels[0] != 0 || labels[1] != 1 || labels[2] != 1 {
		t.Errorf("labels %v, %v; want 0 1 1", labels, err)
	}
	if got := ReadText(buf.Bytes()); len(got) != 1 || got[0].Value != "0.5" {
		t.Errorf("texts %q", got)
	}
}

func TestNPY(t *testing.T) {
	m := randomMap(5, 3, -2, 2)
	m.Val[4] = float32(math.Copysign(0, -1))
	var buf bytes.Buffer
	if err := WriteNPY(&buf, m); err != nil {
		t.Fatal(err)
	}
	file := buf.Bytes()
	if (len(file)-4*15)%64 != 0 {
		t.Errorf("data starts at %d, want a multiple of 64", len(file)-4*15)
	}
	got, err := ReadNPY(file, "m.npy", DefaultLimits())
	if err != nil || got.W != 5 || got.H != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range m.Val {
		if math.Float32bits(got.Val[i]) != math.Float32bits(m.Val[i]) {
			t.Errorf("value %d: %v, want %v", i, got.Val[i], m.Val[i])
		}
	}
	edit := func(from, to string) []byte {
		return bytes.Replace(file, []byte(from), []byte(to), 1)
	}
	small := DefaultLimits()
	small.MaxPixels = 14
	for _, c := range []struct {
		name string
		data []byte
		lim  Limits
		want error
	}{
		{"cut data", file[:len(file)-1], DefaultLimits(), ErrCorrupt},
		{"more data", append(bytes.Clone(file), 0), DefaultLimits(), ErrCorrupt},
		{"cut header", file[:20], DefaultLimits(), ErrCorrupt},
		{"nothing", nil, DefaultLimits(), ErrFormat},
		{"version", edit("\x01\x00", "\x02\x00"), DefaultLimits(), ErrFormat},
		{"big-endian", edit("<f4", ">f4"), DefaultLimits(), ErrFormat},
		{"fortran", edit("False", "True "), DefaultLimits(), ErrFormat},
		{"lying shape", edit("(3, 5)", "(5, 5)"), DefaultLimits(), ErrCorrupt},
		{"empty", edit("(3, 5)", "(0, 5)"), DefaultLimits(), ErrCorrupt},
		{"NaN", append(bytes.Clone(file[:len(file)-4]), 0, 0, 0xc0, 0x7f), DefaultLimits(), ErrNonFinite},
		{"pixels", file, small, ErrTooLarge},
	} {
		if _, err := ReadNPY(c.data, c.name, c.lim); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
}

func TestEmberIsEven(t *testing.T) {
	m := Ember()
	lightness := func(i int) float64 { // CIE L* of the table entry
		lin := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		c := m.table[i]
		y := 0.2126*lin(c[0]) + 0.7152*lin(c[1]) + 0.0722*lin(c[2])
		if y <= 216.0/24389 {
			return y * 24389 / 27
		}
		return 116*math.Cbrt(y) - 16
	}
	for i := 8; i < 256; i++ {
		// 8 steps of 256 over about 87 of L*: 2.7 each; rounding to 8 bits and the change from OKLab to L* leave 1 to 5.
		if step := lightness(i) - lightness(i-8); step < 1 || step > 5 {
			t.Errorf("lightness rises by %.2f from entry %d to %d, want 1 to 5", step, i-8, i)
		}
	}
	if r, g, b := m.At(-1); [3]uint8{r, g, b} != m.table[0] {
		t.Error("a share below 0 is not the first colour")
	}
	if r, g, b := m.At(2); [3]uint8{r, g, b} != m.table[255] {
		t.Error("a share above 1 is not the last colour")
	}
}

func TestOverlay(t *testing.T) {
	img := &RGB{W: 40, H: 30, Pix: bytes.Repeat([]byte{90, 120, 60}, 40*30)}
	m := &Heatmap{W: 4, H: 3, Val: make([]float32, 12)}
	m.Val[0] = 1
	o := DefaultOverlay(Range{0, 1})
	plain, err := Overlay(img, m, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := plain.Pix[len(plain.Pix)-3:]; !bytes.Equal(got, []byte{90, 120, 60}) {
		t.Errorf("cold corner %v, want the image", got)
	}
	r, g, b := Ember().At(1)
	want := []byte{blend(90, r, 0.75), blend(120, g, 0.75), blend(60, b, 0.75)}
	if !bytes.Equal(plain.Pix[:3], want) {
		t.Errorf("hot corner %v, want %v", plain.Pix[:3], want)
	}
	o.Contour, o.Threshold = true, 0.5
	lined, err := Overlay(img, m, o)
	if err != nil {
		t.Fatal(err)
	}
	big, err := m.Resize(40, 30)
	if err != nil {
		t.Fatal(err)
	}
	white, dark := 0, 0
	for i, v := range big.Val {
		switch p := lined.Pix[3*i : 3*i+3]; {
		case bytes.Equal(p, []byte{255, 255, 255}):
			white++
			if v < 0.5 {
				t.Fatalf("white at pixel %d of value %v", i, v)
			}
		case bytes.Equal(p, []byte{24, 24, 24}):
			dark++
			if v >= 0.5 {
				t.Fatalf("dark at pixel %d of value %v", i, v)
			}
		case !bytes.Equal(p, plain.Pix[3*i:3*i+3]):
			t.Fatalf("pixel %d off the contour changed", i)
		}
	}
	if white < 8 || dark < 8 {
		t.Errorf("contour of %d white and %d dark pixels", white, dark)
	}
}

func TestThumbnail(t *testing.T) {
	for _, c := range []struct{ w, h, side, outW, outH int }{
		{300, 200, 100, 100, 67}, {200, 300, 100, 67, 100}, {50, 20, 100, 50, 20}, {1000, 1, 10, 10, 1},
	} {
		got, err := Thumbnail(&RGB{c.w, c.h, make([]uint8, 3*c.w*c.h)}, c.side)
		if err != nil || got.W != c.outW || got.H != c.outH {
			t.Errorf("%d x %d to %d: %d x %d, %v; want %d x %d", c.w, c.h, c.side, got.W, got.H, err, c.outW, c.outH)
		}
	}
}

func TestEncodedPicturesComeBack(t *testing.T) {
	img := &RGB{W: 21, H: 13, Pix: noise(3 * 21 * 13)}
	var buf bytes.Buffer
	if err := EncodePNG(&buf, img, Text{"Source", "part.jpg"}); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(buf.Bytes())); err != nil {
		t.Errorf("the standard decoder refuses the text chunk: %v", err)
	}
	got, err := Decode(buf.Bytes(), "x", DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if most, _ := difference(t, got, img); most != 0 {
		t.Errorf("PNG: max abs %d", most)
	}
	smooth, err := Resize(&RGB{2, 2, []uint8{200, 10, 10, 10, 200, 10, 10, 10, 200, 90, 90, 90}}, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	buf.Reset()
	if err := EncodeJPEG(&buf, smooth, 95); err != nil {
		t.Fatal(err)
	}
	if got, err = Decode(buf.Bytes(), "x", DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if most, mean := difference(t, got, smooth); most > 24 || mean > 4 { // chroma at half resolution
		t.Errorf("JPEG: max abs %d, mean %.2f", most, mean)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.bin")
	want := noise(5000)
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	lim := Limits{MaxFileBytes: 5000}
	got, err := ReadFile(path, lim)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	lim.MaxFileBytes--
	for _, c := range []struct {
		path string
		want error
	}{{path, ErrTooLarge}, {dir, ErrFormat}, {filepath.Join(dir, "none"), os.ErrNotExist}} {
		if _, err := ReadFile(c.path, lim); !errors.Is(err, c.want) || !strings.Contains(err.Error(), filepath.Base(c.path)) {
			t.Errorf("%s: error %v, want %v", c.path, err, c.want)
		}
	}
	if d := Digest(nil); d[0] != 0xe3 || d[31] != 0x55 {
		t.Errorf("digest of nothing %x", d)
	}
}
