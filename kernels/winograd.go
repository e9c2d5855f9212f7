package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/drdc-dev/drdc/shaders"
)

// Winograd is Conv2D with a 3x3 kernel, stride 1 and one group, computed as products
// of transformed tiles: y = A^T [sum over c of (G g G^T) * (B^T d B)] A for each tile d
// of the image (Lavin and Gray, "Fast algorithms for convolutional neural networks").
// It takes 16 multiplications for 4 outputs (Tile 2) or 36 for 16 (Tile 4), where
// Conv2D takes 36 and 144.
//
// Inputs and output are those of Conv2D, but w is [Tile+2, Tile+2, rows, K] as
// PackWinograd makes it. The weights are transformed when they are packed, not by a
// shader: they stay the same for every replay, and where images are small the
// transform costs as much as the convolution. The price is memory, 16/9 or 4 times
// that of the weights, so Tile 4 is for large images (Conv2D.Winograd). With Raw, for
// weights that change, w is that of Conv2D and every replay transforms it.
//
// With f32 weights the NMSE against the convolution is below 3e-12 for Tile 2 and 3e-11
// for Tile 4 (1e-12 for Conv2D). Rounding the transformed weights to half floats costs
// 1e-7 and 1e-6, where those of Conv2D cost 5e-8.
type Winograd struct {
	Tile     int    // outputs of a tile in each dimension: 2 or 4
	Pad      [4]int // top, left, bottom, right
	Act      Activation
	Two      bool
	Bias     bool
	Residual bool
	Load     Load
	Raw      bool // w is [3, 3, rows, K], f32
	Moments  bool // a second output holds the Moments of the first; Act is Identity
}

func (o Winograd) Name() string { return "winograd" }

// conv is the convolution that o computes.
func (o Winograd) conv() Conv2D {
	return Conv2D{Stride: [2]int{1, 1}, Pad: o.Pad, Act: o.Act, Two: o.Two, Bias: o.Bias, Residual: o.Residual, Load: o.Load}
}

// Winograd is o as tiles of the size that suits images of shape x, the first source's,
// for a weight [K, C, KH, KW] stored as t. It is false where o is no 3x3 convolution of
// stride 1 or has too few channels or pixels to pay for the transforms, and where
// weights are half floats: these are chosen to save the memory that tiles would take,
// and would lose accuracy. Tiles of 4 are for images of 28x28 and more, as the weights
// of smaller ones are many. Transformed weights are within one binding of any device.
// Nothing depends on the number of images: each comes out the same in any batch.
func (o Conv2D) Winograd(x Shape, oihw [4]int, t Type) (Winograd, bool) {
	h, w := x[1]+o.Pad[0]+o.Pad[2]-2, x[2]+o.Pad[1]+o.Pad[3]-2
	if oihw[2] != 3 || oihw[3] != 3 || o.Stride != [2]int{1, 1} || o.groups() > 1 || t != F32 || min(oihw[0], oihw[1]) < 16 {
		return Winograd{}, false
	}
	v := Winograd{Pad: o.Pad, Act: o.Act, Two: o.Two, Bias: o.Bias, Residual: o.Residual}
	split := 0
	if o.Two {
		split = x[3]
	}
	for _, form := range []struct{ tile, least int }{{4, 28}, {2, 7}} {
		v.Tile = form.tile
		weight := Tensor{Shape: WinogradShape(oihw, split, v.Tile)}
		if min(h, w) >= form.least && weight.Bytes() <= DefaultTarget().StorageBinding {
			return v, true
		}
	}
	return Winograd{}, false
}

// Tiled is o in the form that suits images of shape x, the first source's, and a
// weight w as PackConv stores it that changes from replay to replay: Winograd, which can
// be differentiated as o can, or o itself. The transformed weights are temporary, and so
// tiles of 4 are for small images too.
func (o Conv2D) Tiled(x Shape, w Tensor) Fused {
	h, width := x[1]+o.Pad[0]+o.Pad[2]-2, x[2]+o.Pad[1]+o.Pad[3]-2
	points := Tensor{Shape: Shape{6, 6, w.Shape[2], w.Shape[3]}}
	if w.Shape[0] != 3 || w.Shape[1] != 3 || o.Stride != [2]int{1, 1} || o.groups() > 1 || w.Type != F32 ||
		min(w.Shape[2], w.Shape[3]) < 16 || min(h, width) < 4 || points.Bytes() > DefaultTarget().StorageBinding {
		return o
	}
	return Winograd{Tile: 4, Pad: o.Pad, Act: o.Act, Two: o.Two, Bias: o.Bias, Residual: o.Residual, Raw: true}
}

// Split leaves the bias, as Conv2D's does.
func (o Winograd) Split() (Op, Activation, bool) {
	act, residual := o.Act, o.Residual
	o.Act, o.Residual = Identity, false
	return o, act, residual
}

// Gradient is that of the convolution.
func (o Winograd) Gradient(t Tape, a Applied) ([]Ref, error) {
	if !o.Raw {
		return nil, noGradient("weights in tiles")
	}
	return o.conv().Gradient(t, a)
}

func (o Winograd) Infer(in []Tensor) ([]Tensor, error) {
	if o.Tile != 2 && o.Tile != 4 {
		return nil, fmt.Errorf("%w: tile of %d, want 2 or 4", ErrShape, o.Tile)
	}
	i := o.conv().weight()
	if len(in) <= i {
		return nil, fmt.Errorf("%w: %d inputs, want a weight as number %d", ErrShape, len(in), i)
	}
	w := in[i].Shape
	side := o.Tile + 2
	if o.Raw {
		side = 3
	}
	if w[0] != side || w[1] != side {
		return nil, fmt.Errorf("%w: weight %v, want %dx%d rows and columns", ErrShape, w, side, side)
	}
	if o.Raw && in[i].Type != F32 {
		return nil, fmt.Errorf("%w: weight %v, want f32", ErrShape, in[i])
	}
	if o.Moments && o.Act != Identity {
		return nil, fmt.Errorf("%w: moments behind activation %d", ErrShape, o.Act)
	}
	in = slices.Clone(in)
	in[i].Shape = Shape{3, 3, w[2], w[3]}
	out, err := o.conv().Infer(in)
	if err == nil && o.Moments {
		out = append(out, momentsOf(out[0].Shape))
	}
	return out, err
}

// Flops implements Counted.
func (o Winograd) Flops(in, out []Tensor) float64 {
	c := o.conv()
	in = slices.Clone(in)
	in[c.weight()].Shape[0], in[c.weight()].Shape[1] = 3, 3
	return c.Flops(in, out)
}

func (o Winograd) WithBias() (Op, bool) {
	ok := !o.Bias && !o.Residual && o.Act == Identity
	o.Bias = true
	return o, ok
}

func (o Winograd) WithActivation(a Activation) (Op, bool) {
	ok := !o.Residual && o.Act == Identity
	o.Act = a
	return o, ok
}

func (o Winograd) WithResidual() (Op, bool) {
	ok := !o.Residual
	o.Residual = true
	return o, ok
}

func (o Winograd) WithNorm(n Normalize, _ []Tensor) (Op, bool) {
	load, ok := o.Load.with(n)
	ok = ok && !o.Two
	o.Load, o.Two = load, n.Two
	return o, ok
}

func (o Winograd) WithUp() (Op, bool) {
	ok := !o.Two && o.Load == Load{}
	o.Load.Up = true
	return o, ok
}

func (o Winograd) WithMoments() (Op, bool) {
	ok := !o.Moments && o.Act == Identity
	o.Moments = true
	return o, ok
}

// Record has three kinds of steps: the image to points, a matmul for each point, and
// the products to outputs. They share two temporaries, and where these would be large
// they go over the tiles in several passes. With Raw the weights to points are another
// step, the first.
func (o Winograd) Record(t Target, in, out []Tensor) (Record, error) {
	if rec, ok, err := o.recordWindows(t, in, out); ok {
		if err == nil && o.Moments {
			err = recordMoments(t, &rec, Out(0), out[0].Shape, Out(1))
		}
		return rec, err
	}
	c, y := o.conv(), out[0].Shape
	w := in[c.weight()]
	w.Shape[0], w.Shape[1] = o.Tile+2, o.Tile+2
	points, rows4, k4 := w.Shape[0]*w.Shape[1], w.Shape[2]/4, y.C4()
	across, down := ceilDiv(y[2], o.Tile), ceilDiv(y[1], o.Tile)
	tiles := y[0] * down * across
	pass := passTiles(t, points*max(rows4, k4)*16, w.Bytes())
	if t.Windows {
		pass = max(pass, blocks(maxWindow/rows4))
	}
	pass = min(pass, tiles)
	if pass < 1 {
		return Record{}, fmt.Errorf("%w: %d points of %d channels take more than a binding of %d bytes", ErrLimit, points, 4*max(rows4, k4), t.StorageBinding)
	}
	rec := Record{Temps: []int{pass * points * rows4 * 16, pass * points * k4 * 16}}
	tile := shaders.Int("TILE", o.Tile)
	e := c.epilogue()
	end := e.bind(&rec, Temp(1), c.weight())
	multiply := epilogue{}.bind(&rec, Temp(0), c.weight())
	multiply[len(multiply)-1] = Temp(1)
	weights, err := o.weights(t, &rec, w)
	if err != nil {
		return Record{}, err
	}
	multiply[1] = weights
	coef, part := o.Load.coef(&rec, c.sources()), Operand{}
	if o.Moments {
		part = rec.temp(48 * tiles * k4)
	} else {
		part = rec.absent()
	}
	end = append(end, part)
	for start := 0; start < tiles; start += pass {
		n := min(pass, tiles-start)
		first4 := 0
		for i, x := range in[:c.sources()] {
			read := o.Load.as(x.Shape)
			d := Dispatch{
				Shader: "winograd_input.wgsl", Set: append(o.Load.norms(), tile), Bind: []Operand{In(i), coef, Temp(0)},
				Uniform: winogradInput{
					Tiles: uint32(n), Start: uint32(start), Across: uint32(across), Down: uint32(down),
					H: uint32(read[1]), W: uint32(read[2]), C4: uint32(x.Shape.C4()),
					Rows4: uint32(rows4), First4: uint32(first4), Top: int32(o.Pad[0]), Left: int32(o.Pad[1]), Up: flag(o.Load.Up),
				},
			}
			if err := rec.over(t, d, n*x.Shape.C4()); err != nil {
				return Record{}, err
			}
			first4 += x.Shape.C4()
		}
		if products, ok := o.windowProducts(t, w, weights, rec.Temps, n); ok {
			if err := recordWindows(t, &rec, products); err != nil {
				return Record{}, err
			}
		} else {
			m, err := product{batches: points, rows: n, k4: rows4, depth: 4 * rows4, columns: y[3], stride: 4 * rows4 * k4, scale: 1}.
				record(t, []Tensor{{}, w}, epilogue{})
			if err != nil {
				return Record{}, err
			}
			m.Steps[0].Bind = multiply
			rec.Steps = append(rec.Steps, m.Steps[0])
		}
		d := Dispatch{
			Shader: "winograd_output.wgsl", Set: append(append(e.settings(F32), tile), setting("MOMENTS", o.Moments)...), Bind: end,
			Uniform: winogradOutput{
				Tiles: uint32(n), Start: uint32(start), Across: uint32(across), Down: uint32(down),
				OH: uint32(y[1]), OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(k4),
			},
		}
		if err := rec.over(t, d, n*k4); err != nil {
			return Record{}, err
		}
	}
	if o.Moments {
		err = joinMoments(t, &rec, part, y[0]*k4, momentsJoin{
			C4: uint32(k4), Parts: uint32(down * across), Across: uint32(across), Width: uint32(o.Tile), Height: uint32(o.Tile), W: uint32(y[2]), H: uint32(y[1]),
		}, Out(1))
	}
	return rec, err
}

// windowProducts are the matmuls of the points of a pass of n tiles for adapters with fast
// uniforms; they are false where windows do not suit.
func (o Winograd) windowProducts(t Target, w Tensor, weights Operand, temps []int, n int) ([]windowProduct, bool) {
	rows4, k4 := w.Shape[2]/4, w.Shape.C4()
	b := t.windows(weights, w.Shape.Vectors())
	part4 := b.fits(4*k4) / (4 * k4)
	if !t.Windows || w.Type != F32 || part4 < 1 {
		return nil, false
	}
	a, part := t.windows(Temp(0), temps[0]/16), ceilDiv(rows4, ceilDiv(rows4, part4))
	products := make([]windowProduct, w.Shape[0]*w.Shape[1])
	for point := range products {
		term := windowTerm{a: a, first: point * n * rows4, stride4: rows4, depth4: rows4, bfirst: point * rows4 * 4 * k4}
		products[point] = windowProduct{
			rows: n, columns: 4 * k4, terms: term.terms(part, part, k4), b: b,
			y: Temp(1), yfirst: point * n * k4, ystride4: k4, bias: weights, residual: weights,
		}
		if !products[point].suits() {
			return nil, false
		}
	}
	return products, true
}

// weights is where the weight w lies in points: the input, or with Raw a temporary that a
// first step makes of it.
func (o Winograd) weights(t Target, rec *Record, w Tensor) (Operand, error) {
	i := o.conv().weight()
	if !o.Raw {
		return In(i), nil
	}
	rec.Temps = append(rec.Temps, w.Bytes())
	points := Temp(len(rec.Temps) - 1)
	return points, rec.over(t, Dispatch{
		Shader: "winograd_weight.wgsl", Set: []shaders.Setting{shaders.Int("TILE", o.Tile)}, Bind: []Operand{In(i), points},
		Uniform: struct{ Vectors uint32 }{uint32(w.Shape[2] * w.Shape.C4())},
	}, w.Shape[2]*w.Shape.C4())
}

// passTiles is how many tiles a pass takes when each needs so many bytes of the
// larger temporary. On a CPU the temporaries should stay in its cache and a GPU needs
// enough tiles to fill it, but each pass reads all the weights.
func passTiles(t Target, tile, weight int) int {
	room := 16 << 20
	if t.CPU {
		room = 4 << 20
	}
	n := min(max(room, weight), t.StorageBinding) / tile
	if n >= 16 {
		n -= n % 16 // whole blocks of the matmul
	}
	return n
}

// over adds d over items in workgroups of 64.
func (r *Record) over(t Target, d Dispatch, items int) error {
	var err error
	if d.Groups, err = t.Grid(ceilDiv(items, 64)); err == nil {
		r.Steps = append(r.Steps, d)
	}
	return err
}

type winogradInput struct {
	Tiles, Start, Across, Down, H, W, C4, Rows4, First4 uint32

	Top, Left int32
	Up        uint32
}

type winogradOutput struct{ Tiles, Start, Across, Down, OH, OW, Channels, Channels4 uint32 }

// Reference is the plain convolution with the weights that the transformed ones come
// from.
func (o Winograd) Reference(in, out []*Array) {
	c := o.conv()
	if !o.Raw {
		in = slices.Clone(in)
		in[c.weight()] = o.taps(in[c.weight()])
	}
	c.Reference(in, out[:1])
	if o.Moments {
		Moments{}.Reference(out[:1], out[1:])
	}
}

// taps is a transformed weight as [3, 3, rows, K].
func (o Winograd) taps(u *Array) *Array {
	g := NewArray(Tensor{Shape: Shape{3, 3, u.Shape[2], u.Shape[3]}})
	plane := u.Shape[2] * u.Shape.C4() * 4
	for i := range plane {
		point := make([]float64, u.Shape[0]*u.Shape[1])
		for j := range point {
			point[j] = u.Data[j*plane+i]
		}
		for j, v := range winogradTaps(point, o.Tile) {
			g.Data[j*plane+i] = v
		}
	}
	return g
}

// from makes the case of o out of one of its convolution. Weights of half floats are
// 1, 0 and -1: their transforms fit into a half float, and the reference stays the
// plain convolution.
func (o Winograd) from(c Case) Case {
	conv := c.Op.(Conv2D)
	o.Pad, o.Act, o.Two, o.Bias, o.Residual, o.Load = conv.Pad, conv.Act, conv.Two, conv.Bias, conv.Residual, conv.Load
	if c.Op = o; o.Raw {
		return c
	}
	at := conv.weight()
	c.In = slices.Clone(c.In)
	w := c.In[at]
	c.In[at].Shape[0], c.In[at].Shape[1] = o.Tile+2, o.Tile+2
	fill := c.Fill
	c.Fill = func(r *rand.Rand, in []*Array) {
		fill(r, in)
		u := in[at]
		plane := w.Shape[2] * w.Shape.C4() * 4
		for i := range plane {
			var g [9]float64
			for j := range g {
				if g[j] = u.Data[j*plane+i]; w.Type == F16 {
					g[j] = math.Round(max(-1, min(1, g[j])))
				}
			}
			points := winogradPoints(g, o.Tile)
			for j := range u.Shape[0] * u.Shape[1] {
				u.Data[j*plane+i] = points[j]
			}
		}
	}
	return c
}

func init() {
	k3 := [2]int{3, 3}
	same := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
	full := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Act: SiLU, Bias: true, Residual: true}
	added := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Bias: true, Residual: true}
	f2, f4 := Winograd{Tile: 2}, Winograd{Tile: 4}
	raw2, raw4 := Winograd{Tile: 2, Raw: true}, Winograd{Tile: 4, Raw: true}
	e := Entry{Name: "winograd", Class: Contraction, Files: []string{"winograd_input.wgsl", "winograd_output.wgsl", "winograd_weight.wgsl", "winograd_rows.wgsl", "matmul_window.wgsl", "winograd_finish.wgsl"}}
	add := func(name string, bench bool, c Case) {
		c.Name, c.Bench = name, bench
		e.Cases = append(e.Cases, c.winogradBound(c.Op.(Winograd).Tile))
	}
	add("2: one pixel", false, f2.from(same.conv([3]int{1, 1, 1}, k3, [2]int{1, 1}, F32)))
	add("4: one pixel", false, f4.from(same.conv([3]int{1, 1, 1}, k3, [2]int{1, 1}, F32)))
	add("2: 7 channels", false, f2.from(full.conv([3]int{2, 9, 11}, k3, [2]int{7, 7}, F32)))
	add("4: 7 channels", false, f4.from(full.conv([3]int{2, 9, 11}, k3, [2]int{7, 7}, F32)))
	add("4: 7 channels f16", false, f4.from(full.conv([3]int{2, 9, 11}, k3, [2]int{7, 13}, F16)))
	add("2: two sources of 5 and 3 channels f16", false, f2.from(added.join([3]int{2, 5, 6}, k3, 5, 3, 9, F16)))
	add("4: two sources of 5 and 3 channels", false, f4.from(added.join([3]int{2, 5, 6}, k3, 5, 3, 9, F32)))
	add("4: padded 2, 0, 1, 3", false, f4.from(Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{2, 0, 1, 3}, Act: GELU}.conv([3]int{2, 13, 17}, k3, [2]int{6, 5}, F32)))
	add("2: padded over the image", false, f2.from(Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{4, 4, 4, 4}, Act: ReLU}.conv([3]int{1, 2, 3}, k3, [2]int{9, 33}, F32)))
	add("4: several passes", false, f4.from(full.conv([3]int{3, 70, 66}, k3, [2]int{37, 21}, F32)))

	normed := same
	normed.Load = Load{Norm: true, SiLU: true}
	add("2: normalised, 7 channels", false, f2.from(normed.conv([3]int{2, 9, 11}, k3, [2]int{7, 7}, F32)))
	add("4: normalised, two sources of 5 and 3 channels", false, f4.from(normed.join([3]int{2, 5, 6}, k3, 5, 3, 9, F32)))
	add("4: doubled, 7 channels", false, f4.from(Conv2D{Stride: same.Stride, Pad: full.Pad, Bias: true, Load: Load{Up: true}}.conv([3]int{2, 9, 11}, k3, [2]int{7, 9}, F32)))
	add("4: normalised and doubled, several passes", false, f4.from(Conv2D{Stride: same.Stride, Pad: [4]int{2, 0, 1, 3}, Load: Load{Norm: true, Up: true}}.join([3]int{2, 35, 33}, k3, 20, 17, 21, F32)))
	f2.Moments, f4.Moments = true, true
	add("2: moments, one pixel", false, f2.from(same.conv([3]int{1, 1, 1}, k3, [2]int{1, 1}, F32)))
	add("4: moments, 7 channels", false, f4.from(added.conv([3]int{2, 9, 11}, k3, [2]int{7, 7}, F32)))
	add("4: moments, normalised, several passes", false, f4.from(Conv2D{Stride: same.Stride, Pad: full.Pad, Bias: true, Load: normed.Load}.conv([3]int{3, 70, 66}, k3, [2]int{37, 21}, F32)))
	f2.Moments, f4.Moments = false, false

	add("2: raw, 7 channels", false, raw2.from(full.conv([3]int{2, 9, 11}, k3, [2]int{7, 9}, F32)))
	add("4: raw, two sources of 5 and 3 channels", false, raw4.from(added.join([3]int{2, 5, 6}, k3, 5, 3, 9, F32)))
	add("4: raw, several passes", false, raw4.from(same.conv([3]int{3, 70, 66}, k3, [2]int{37, 21}, F32)))

	add("4: raw, 128->128 at 4x8x8", true, raw4.from(added.conv([3]int{4, 8, 8}, k3, [2]int{128, 128}, F32)))
	add("4: 64->64 at 56x56", true, f4.from(same.conv([3]int{1, 56, 56}, k3, [2]int{64, 64}, F32)))
	add("2: 64->64 at 56x56", true, f2.from(same.conv([3]int{1, 56, 56}, k3, [2]int{64, 64}, F32)))
	add("4: normalised 64->64 at 224x224, moments", true, Winograd{Tile: 4, Moments: true}.from(Conv2D{Stride: same.Stride, Pad: full.Pad, Bias: true, Residual: true, Load: normed.Load}.conv([3]int{1, 224, 224}, k3, [2]int{64, 64}, F32)))
	add("4: 64->64 at 224x224", true, f4.from(full.conv([3]int{1, 224, 224}, k3, [2]int{64, 64}, F32)))
	add("4: 256+256->256 at 28x28", true, f4.from(added.join([3]int{1, 28, 28}, k3, 256, 256, 256, F32)))
	add("2: 256->256 at 14x14", true, f2.from(added.conv([3]int{1, 14, 14}, k3, [2]int{256, 256}, F32)))
	add("4: 256->256 at 14x14 f16", true, f4.from(added.conv([3]int{1, 14, 14}, k3, [2]int{256, 256}, F16)))
	add("2: 256->256 at 7x7", true, f2.from(added.conv([3]int{1, 7, 7}, k3, [2]int{256, 256}, F32)))
	add("4: 128+128->128 at 224x224", true, f4.from(Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Bias: true}.join([3]int{1, 224, 224}, k3, 128, 128, 128, F32)))
	e.Random = func(r *rand.Rand) Case {
		o := Conv2D{Stride: [2]int{1, 1}, Act: Activation(r.IntN(int(activations))), Bias: r.IntN(2) == 0, Residual: r.IntN(2) == 0}
		for i := range o.Pad {
			o.Pad[i] = r.IntN(4)
		}
		size, weight := [3]int{extent(r, 3), max(extent(r, 20), 3), max(extent(r, 40), 3)}, Type(r.IntN(2))
		v := Winograd{Tile: 2 + 2*r.IntN(2), Raw: weight == F32 && r.IntN(2) == 0, Moments: o.Act == Identity && r.IntN(2) == 0}
		o.Load = Load{Norm: r.IntN(3) == 0, Up: r.IntN(4) == 0}
		o.Load.SiLU = o.Load.Norm && r.IntN(2) == 0
		if r.IntN(3) == 0 {
			return v.from(o.join(size, k3, extent(r, 40), extent(r, 40), extent(r, 70), weight)).winogradBound(v.Tile)
		}
		return v.from(o.conv(size, k3, [2]int{extent(r, 40), extent(r, 70)}, weight)).winogradBound(v.Tile)
	}
	register(e)
}

func (c Case) winogradBound(tile int) Case {
	c.Bound, c.Why = 3e-12, "tiles of two add few and like terms"
	if tile == 4 {
		c.Bound, c.Why = 3e-11, "tiles of four weigh terms by up to 11"
	}
	return c
}
