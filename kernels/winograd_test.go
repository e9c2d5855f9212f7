package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// TestWinogradIsConvolution computes transformed tiles in float64, from packed
// weights and matrices written out, and compares with the plain convolution.
func TestWinogradIsConvolution(t *testing.T) {
	// B^T and A^T for the points of PackWinograd, the scale of G's rows divided out.
	image := map[int][][]float64{
		2: {{1, 0, -1, 0}, {0, .5, .5, 0}, {0, -.5, .5, 0}, {0, -1, 0, 1}},
		4: {{1, 0, -20. / 9, 0, 64. / 81, 0}, {0, 96. / 108, 288. / 243, -96. / 243, -128. / 243, 0}, {0, -96. / 108, 288. / 243, 96. / 243, -128. / 243, 0}, {0, -27. / 243, -18. / 243, 48. / 243, 32. / 243, 0}, {0, 27. / 243, -18. / 243, -48. / 243, 32. / 243, 0}, {0, 81. / 64, 0, -45. / 16, 0, 1}},
	}
	outputs := map[int][][]float64{
		2: {{1, 1, 1, 0}, {0, 1, -1, 1}},
		4: {{1, 1, 1, 1, 1, 0}, {0, 3. / 4, -3. / 4, 3. / 2, -3. / 2, 0}, {0, 9. / 16, 9. / 16, 9. / 4, 9. / 4, 0}, {0, 27. / 64, -27. / 64, 27. / 8, -27. / 8, 1}},
	}
	for tile, bt := range image {
		side := tile + 2
		r := rand.New(rand.NewPCG(7, uint64(tile)))
		oihw := [4]int{1, 1, 3, 3}
		weight := make([]float32, 9)
		for i := range weight {
			weight[i] = float32(r.NormFloat64())
		}
		x := NewArray(Float(1, side, side, 1))
		d := make([][]float64, side)
		for i := range d {
			d[i] = make([]float64, side)
			for j := range d[i] {
				d[i][j] = r.NormFloat64()
				x.Set(0, i, j, 0, d[i][j])
			}
		}
		want := NewArray(Float(1, tile, tile, 1))
		Conv2D{Stride: [2]int{1, 1}}.Reference([]*Array{x, stored(t, ConvShape(oihw, 0), PackConv(weight, oihw, 0))}, []*Array{want})
		u := stored(t, WinogradShape(oihw, 0, tile), PackWinograd(weight, oihw, 0, tile))
		m := sandwich(bt, d)
		for i := range m {
			for j := range m[i] {
				m[i][j] *= u.At(i, j, 0, 0)
			}
		}
		for i, row := range sandwich(outputs[tile], m) {
			for j, got := range row {
				// Packing rounds to f32: 6e-8 of values below 100, weighed by up to 11.
				if w := want.At(0, i, j, 0); math.Abs(got-w) > 1e-5 {
					t.Errorf("tile %d: output %d, %d is %g, want %g", tile, i, j, got, w)
				}
			}
		}
	}
}

// sandwich is a m a^T.
func sandwich(a, m [][]float64) [][]float64 {
	y := make([][]float64, len(a))
	for i := range a {
		y[i] = make([]float64, len(a))
		for j := range a {
			for p := range m {
				for q := range m {
					y[i][j] += a[i][p] * m[p][q] * a[j][q]
				}
			}
		}
	}
	return y
}

// TestWinogradPack unpacks what was packed: the places of two sources with padding,
// and the weights themselves.
func TestWinogradPack(t *testing.T) {
	oihw, split := [4]int{6, 8, 3, 3}, 5
	weight := make([]float32, 6*8*9)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range weight {
		weight[i] = float32(r.IntN(100)) // small integers are told apart
	}
	want := stored(t, ConvShape(oihw, split), PackConv(weight, oihw, split))
	for _, tile := range []int{2, 4} {
		u := stored(t, WinogradShape(oihw, split, tile), PackWinograd(weight, oihw, split, tile))
		got := Winograd{Tile: tile}.taps(u)
		if got.Shape != want.Shape {
			t.Fatalf("tile %d: taps are %v, want %v", tile, got.Shape, want.Shape)
		}
		for i, v := range got.Data {
			if math.Abs(v-want.Data[i]) > 1e-3 { // f32 rounds what was up to 2,300
				t.Fatalf("tile %d: value %d is %g, want %g", tile, i, v, want.Data[i])
			}
		}
	}
}

func TestWinogradInfer(t *testing.T) {
	x := Float(1, 8, 8, 5)
	w := func(side, rows int) Tensor { return Float(side, side, rows, 3) }
	for _, c := range []struct {
		name string
		op   Winograd
		in   []Tensor
		ok   bool
	}{
		{"tile of 2", Winograd{Tile: 2}, []Tensor{x, w(4, 8)}, true},
		{"tile of 4", Winograd{Tile: 4}, []Tensor{x, w(6, 8)}, true},
		{"half floats", Winograd{Tile: 4}, []Tensor{x, {Shape: w(6, 8).Shape, Type: F16}}, true},
		{"no tile", Winograd{}, []Tensor{x, w(2, 8)}, false},
		{"tile of 3", Winograd{Tile: 3}, []Tensor{x, w(5, 8)}, false},
		{"plain weight", Winograd{Tile: 4}, []Tensor{x, w(3, 8)}, false},
		{"weight of another tile", Winograd{Tile: 2}, []Tensor{x, w(6, 8)}, false},
		{"weight of other channels", Winograd{Tile: 2}, []Tensor{x, w(4, 12)}, false},
		{"no weight", Winograd{Tile: 2, Two: true}, []Tensor{x, x}, false},
	} {
		out, err := c.op.Infer(c.in)
		switch {
		case c.ok && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.ok && out[0] != Float(1, 6, 6, 3):
			t.Errorf("%s: output %v, want 1x6x6x3", c.name, out[0])
		case !c.ok && !errors.Is(err, ErrShape):
			t.Errorf("%s: error %v, want one of shape", c.name, err)
		}
	}
}

// TestWinogradPasses holds the temporaries within a binding, and covers every tile
// once.
func TestWinogradPasses(t *testing.T) {
	op := Winograd{Tile: 4, Pad: [4]int{1, 1, 1, 1}}
	in := []Tensor{Float(3, 50, 50, 30), Float(6, 6, 32, 20)}
	out, err := op.Infer(in)
	if err != nil {
		t.Fatal(err)
	}
	const tiles, perTile = 3 * 13 * 13, 36 * 32 * 4
	for _, binding := range []int{perTile, 5 * perTile, 100 * perTile, 1 << 30} {
		target := DefaultTarget()
		target.StorageBinding = binding
		rec, err := op.Record(target, in, out)
		if err != nil {
			t.Fatalf("binding of %d bytes: %v", binding, err)
		}
		for _, n := range rec.Temps {
			if n > binding {
				t.Errorf("binding of %d bytes: temporary of %d", binding, n)
			}
		}
		next := 0
		for _, s := range rec.Steps {
			if u, ok := s.Uniform.(winogradOutput); ok {
				if int(u.Start) != next {
					t.Fatalf("binding of %d bytes: a pass starts at tile %d, want %d", binding, u.Start, next)
				}
				next += int(u.Tiles)
			}
		}
		if next != tiles {
			t.Errorf("binding of %d bytes: %d tiles, want %d", binding, next, tiles)
		}
	}
	target := DefaultTarget()
	target.StorageBinding = perTile - 1
	if _, err := op.Record(target, in, out); !errors.Is(err, ErrLimit) {
		t.Errorf("error %v, want one of a limit", err)
	}
}

// TestWinogradChoice lists what becomes tiles, and of which size (0: none).
func TestWinogradChoice(t *testing.T) {
	same := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Bias: true, Residual: true}
	valid := Conv2D{Stride: [2]int{1, 1}}
	for _, c := range []struct {
		name string
		op   Conv2D
		size int
		oihw [4]int
		t    Type
		tile int
	}{
		{"large image", same, 224, [4]int{64, 64, 3, 3}, F32, 4},
		{"least for 4", same, 28, [4]int{256, 512, 3, 3}, F32, 4},
		{"least for 4 without padding", valid, 30, [4]int{64, 64, 3, 3}, F32, 4},
		{"under 4 without padding", valid, 29, [4]int{64, 64, 3, 3}, F32, 2},
		{"least for 2", same, 7, [4]int{64, 64, 3, 3}, F32, 2},
		{"small image", same, 6, [4]int{64, 64, 3, 3}, F32, 0},
		{"144 MiB as tiles of 4", same, 28, [4]int{1024, 1024, 3, 3}, F32, 2},
		{"128 MiB as tiles of 2", same, 28, [4]int{1024, 2048, 3, 3}, F32, 2},
		{"256 MiB as tiles of 2", same, 28, [4]int{2048, 2048, 3, 3}, F32, 0},
		{"half floats", same, 224, [4]int{64, 64, 3, 3}, F16, 0},
		{"three outputs", same, 224, [4]int{3, 64, 3, 3}, F32, 0},
		{"three inputs", same, 224, [4]int{64, 3, 3, 3}, F32, 0},
		{"1x1", valid, 224, [4]int{64, 64, 1, 1}, F32, 0},
		{"3x1", valid, 224, [4]int{64, 64, 3, 1}, F32, 0},
		{"stride 2", Conv2D{Stride: [2]int{2, 2}}, 224, [4]int{64, 64, 3, 3}, F32, 0},
		{"groups", Conv2D{Stride: [2]int{1, 1}, Groups: 2}, 224, [4]int{64, 32, 3, 3}, F32, 0},
	} {
		for _, images := range []int{1, 9} {
			got, ok := c.op.Winograd(Shape{images, c.size, c.size, c.oihw[1]}, c.oihw, c.t)
			if got.Tile != c.tile || ok != (c.tile > 0) {
				t.Errorf("%s, %d images: tile %d, %v, want %d", c.name, images, got.Tile, ok, c.tile)
			}
			if ok && got.conv() != c.op {
				t.Errorf("%s: computes %+v, want %+v", c.name, got.conv(), c.op)
			}
		}
	}
}
