package pretext

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// shades is an image in which no two pixels near each other are alike.
func shades(side int) *imgio.RGB {
	m := &imgio.RGB{W: side, H: side, Pix: make([]uint8, 3*side*side)}
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 97)
	}
	return m
}

func signed() *imgio.Normalization {
	return imgio.Standard([3]float64{0.5, 0.5, 0.5}, [3]float64{0.5, 0.5, 0.5})
}

// written returns what a batch gives to its inputs.
func written(t *testing.T, b *Batch) map[string][]byte {
	t.Helper()
	got := map[string][]byte{}
	if err := b.Write(func(input string, data []byte) error { got[input] = data; return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSample(t *testing.T) {
	c := Config{Size: 32, Classes: 3, Channels: []int{8}}
	m := shades(c.Size)
	original := slices.Clone(m.Pix)
	b := c.NewBatch(1, signed())
	var seen [1 + kinds]int // pasted kinds
	var turnsSeen [turns]int
	for n := range uint64(400) {
		if err := b.Set(0, m, int(n%3), 7, n); err != nil {
			t.Fatal(err)
		}
		label := b.labels.of(0)
		quarters := slices.Index(label[3:], 1)
		if quarters < 0 || label[n%3] != 1 || label[0]+label[1]+label[2] != 1 {
			t.Fatalf("sample %d of class %d: labels %v", n, n%3, label)
		}
		turnsSeen[quarters]++
		// Marked and changed are the same pixels, because neighbours differ much.
		clean := c.NewBatch(1, signed())
		plain := turned(m.Pix, c.Size, quarters)
		if err := clean.normalise.Apply(clean.image.of(0), &imgio.RGB{W: c.Size, H: c.Size, Pix: plain.pix}); err != nil {
			t.Fatal(err)
		}
		kind, marked := 0, 0
		for at := range c.Size * c.Size {
			share := b.pasted.of(0)[4*at:][:2]
			same := slices.Equal(b.image.of(0)[4*at:][:3], clean.image.of(0)[4*at:][:3])
			if share[0]+share[1] == 1 {
				marked++
				kind = 1 + slices.Index(share, 1)
				if same {
					t.Fatalf("sample %d: pixel %d is marked and as before", n, at)
				}
			}
		}
		seen[kind]++
		if area := float64(marked) / float64(c.Size*c.Size); area > maxPieces*maxArea*1.3 {
			t.Errorf("sample %d: a share of %g is pasted", n, area)
		}
	}
	t.Logf("normal, patch, scar: %d; turns: %d", seen, turnsSeen)
	for _, n := range append(seen[:], turnsSeen[:]...) {
		if n < 60 {
			t.Errorf("kinds %d, turns %d of 400: want each often", seen, turnsSeen)
		}
	}
	if !bytes.Equal(m.Pix, original) {
		t.Error("the image was changed")
	}
}

// TestFollowsFromNumber draws samples in another order and place.
func TestFollowsFromNumber(t *testing.T) {
	c := Config{Size: 16, Classes: 2, Channels: []int{8}}
	m := shades(c.Size)
	set := func(b *Batch, i int, seed, n uint64) {
		t.Helper()
		if err := b.Set(i, m, 1, seed, n); err != nil {
			t.Fatal(err)
		}
	}
	a, b := c.NewBatch(2, signed()), c.NewBatch(2, signed())
	set(a, 0, 3, 10)
	set(a, 1, 3, 11)
	set(b, 1, 3, 11)
	set(b, 0, 9, 10)
	set(b, 0, 3, 10)
	for input, data := range written(t, a) {
		if !bytes.Equal(data, written(t, b)[input]) {
			t.Errorf("%s depends on more than seed and number", input)
		}
	}
	set(b, 0, 4, 10)
	if bytes.Equal(written(t, a)[imageInput], written(t, b)[imageInput]) {
		t.Error("another seed gives the same image")
	}
}

func TestTurned(t *testing.T) {
	pix := []uint8{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4} // 1 2 over 3 4
	for quarters, want := range [][]uint8{{1, 2, 3, 4}, {2, 4, 1, 3}, {4, 3, 2, 1}, {3, 1, 4, 2}} {
		got := turned(pix, 2, quarters).pix
		for i, v := range want {
			if got[3*i] != v {
				t.Errorf("%d quarters: %v, want %v", quarters, got, want)
				break
			}
		}
	}
}

// A piece of one colour over another is marked; over itself it is not.
func TestPaste(t *testing.T) {
	one := [3]float64{1, 1, 1}
	p := turned(make([]uint8, 3*16*16), 16, 0)
	for i := range 3 * 16 * 8 { // upper half
		p.pix[i] = 200
	}
	at := piece{w: 4, h: 2, fromX: 1, fromY: 1, x: 8, y: 12, cos: 1, gain: one}
	at.paste(p, scar)
	at.y = 4
	at.paste(p, patch)
	marked := 0
	for i, kind := range p.pasted {
		if kind > 0 {
			marked++
			if kind != 1+scar || i/16 < 11 || i/16 > 12 || i%16 < 6 || i%16 > 9 || p.pix[3*i] != 200 {
				t.Errorf("pixel %d, %d: kind %d, value %d", i%16, i/16, kind, p.pix[3*i])
			}
		}
	}
	if marked != 8 {
		t.Errorf("%d pixels are marked, want 4 x 2", marked)
	}
}

// TestLoss: heads of zeros answer 0, so that the loss is the mean square of what they
// should say.
func TestLoss(t *testing.T) {
	c := Config{Size: 16, Classes: 2, Channels: []int{5, 6}}
	g := graph.New()
	a, b := g.Input("a", kernels.Float(1, 8, 8, 5)), g.Input("b", kernels.Float(1, 4, 4, 6))
	g.Output("loss", c.Loss(g, a, b))
	zeros := graph.Values{}
	known := map[string]bool{}
	for _, s := range c.Tensors() {
		known[Prefix+s.Name] = true
	}
	for _, p := range g.Params() {
		for _, s := range p.From {
			v := zeros[s.Name]
			v.Shape, v.Data = s.Shape, make([]float32, product(s.Shape))
			zeros[s.Name] = v
			if !known[s.Name] {
				t.Errorf("tensor %q is read and not listed", s.Name)
			}
		}
	}
	ref, err := g.Reference(t.Context(), zeros)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]*kernels.Array{}
	for name, tensor := range g.Inputs() {
		in[name] = kernels.NewArray(tensor)
	}
	in[labelInput].Data[1], in[labelInput].Data[4] = 1, 1
	for i := range 8 { // the upper left 4x2 pixels: two places of the first grid
		in[pastedInput].Set(0, i/4, i%4, scar, 1)
	}
	out, err := ref.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	// Two of 64 places are full; one of 16 is half full; both grids have two shares.
	want := (2.0/128+0.25/32)/2 + 2.0/6
	if got := out["loss"].Data[0]; !(got > want*(1-1e-6) && got < want*(1+1e-6)) {
		t.Errorf("loss %g, want %g", got, want)
	}
}

func product(shape []int) int {
	n := 1
	for _, e := range shape {
		n *= e
	}
	return n
}

func TestRefuses(t *testing.T) {
	good := Config{Size: 16, Classes: 2, Channels: []int{8}}
	for want, c := range map[string]Config{
		"": good, "size 8": {8, 2, []int{8}}, "classes 0": {16, 0, []int{8}}, "no taps": {16, 2, nil},
	} {
		if err := c.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	b := good.NewBatch(1, signed())
	for want, err := range map[string]error{
		"image of 32 x 32 px, want 16 x 16": b.Set(0, shades(32), 0, 1, 1),
		"class 2, want 0 to 1":              b.Set(0, shades(16), 2, 1, 1),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
