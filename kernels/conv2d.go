package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Conv2D is y = act(conv(x, w) + bias) + residual, with a stride, padding on
// every side and groups.
//
// Inputs, in this order: x [N, H, W, C]; with Two x2 [N, H, W, C2], whose channels
// follow those of x, so that a concatenation is never made; with Load.Norm the Coef of
// these sources; w; with Bias bias [1, 1, 1, K]; with Residual residual, of y's shape.
// Output: y [N, OH, OW, K], OH = (H + top + bottom - KH)/stride + 1 and OW alike,
// rounded down, with Load.Up of twice H and W. One with a Load has one group.
//
// w is [KH, KW, rows, K], f32 or f16, as PackConv makes it: rows is C/Groups padded
// to four, and with Two both counts padded and added. A depthwise convolution,
// Groups = C = K over 1, has w [KH, KW, 1, C], as PackDepthwise makes it.
type Conv2D struct {
	Stride   [2]int // rows, columns
	Pad      [4]int // top, left, bottom, right
	Groups   int    // 0 stands for 1
	Act      Activation
	Two      bool
	Bias     bool
	Residual bool
	Load     Load
}

func (o Conv2D) Name() string { return "conv2d" }

func (o Conv2D) groups() int { return max(o.Groups, 1) }

// sources is the number of them: the first inputs.
func (o Conv2D) sources() int {
	if o.Two {
		return 2
	}
	return 1
}

// weight is the index of w among the inputs.
func (o Conv2D) weight() int { return o.sources() + o.Load.inputs() }

// depthwise reports whether every channel of x has a kernel of its own.
func (o Conv2D) depthwise(x, w Shape) bool {
	return o.Groups > 1 && o.Groups == x[3] && o.Groups == w[3]
}

func (o Conv2D) Infer(in []Tensor) ([]Tensor, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	types := make([]Type, o.weight()+1)
	types[o.weight()] = weightType(in, o.weight())
	if err := want(in, epilogueTypes(types, o.Bias, o.Residual)...); err != nil {
		return nil, err
	}
	if err := o.Load.check(in, o.sources()); err != nil {
		return nil, err
	}
	x, w := o.Load.as(in[0].Shape), in[o.weight()].Shape
	g, k := o.groups(), w[3]
	if g > 1 && o.Load != (Load{}) {
		return nil, fmt.Errorf("%w: %d groups of sources that are not read as they are", ErrShape, g)
	}
	if x[3]%g != 0 || k%g != 0 {
		return nil, fmt.Errorf("%w: %d groups of %d input and %d output channels, want a divisor of both", ErrShape, g, x[3], k)
	}
	rows := pad4(x[3] / g)
	if o.depthwise(x, w) {
		rows = 1
	}
	if o.Two {
		x2 := o.Load.as(in[1].Shape)
		if g > 1 {
			return nil, fmt.Errorf("%w: %d groups with two sources, want 1", ErrShape, g)
		}
		if x2[0] != x[0] || x2[1] != x[1] || x2[2] != x[2] {
			return nil, fmt.Errorf("%w: second source is %v, want N, H and W of %v", ErrShape, x2, x)
		}
		rows += pad4(x2[3])
	}
	if w[2] != rows {
		return nil, fmt.Errorf("%w: weight %v has %d input rows, want %d", ErrShape, w, w[2], rows)
	}
	y := Tensor{Shape: Shape{x[0], 0, 0, k}}
	for i := range 2 {
		size := x[1+i] + o.Pad[i] + o.Pad[2+i]
		if size < w[i] {
			return nil, fmt.Errorf("%w: kernel of %dx%d over an image of %dx%d padded by %v", ErrShape, w[0], w[1], x[1], x[2], o.Pad)
		}
		y.Shape[1+i] = (size-w[i])/o.Stride[i] + 1
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, checkEpilogue(in[len(types):], y.Shape, o.Bias, o.Residual)
}

// Flops implements Counted.
func (o Conv2D) Flops(in, out []Tensor) float64 {
	w, channels := in[o.weight()].Shape, in[0].Shape[3]/o.groups()
	if o.Two {
		channels += in[1].Shape[3]
	}
	return 2 * float64(out[0].Shape.Elems()) * float64(w[0]*w[1]*channels)
}

// check validates the fields.
func (o Conv2D) check() error {
	const limit = 1 << 15
	if o.Act >= activations {
		return fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	if o.Groups < 0 {
		return fmt.Errorf("%w: %d groups, want 0 or more", ErrShape, o.Groups)
	}
	if min(o.Stride[0], o.Stride[1]) < 1 || max(o.Stride[0], o.Stride[1]) > limit {
		return fmt.Errorf("%w: stride %v, want 1 to %d", ErrShape, o.Stride, limit)
	}
	for _, p := range o.Pad {
		if p < 0 || p > limit {
			return fmt.Errorf("%w: padding %v, want 0 to %d", ErrShape, o.Pad, limit)
		}
	}
	return nil
}

func (o Conv2D) WithBias() (Op, bool) {
	ok := !o.Bias && !o.Residual && o.Act == Identity
	o.Bias = true
	return o, ok
}

func (o Conv2D) WithActivation(a Activation) (Op, bool) {
	ok := !o.Residual && o.Act == Identity
	o.Act = a
	return o, ok
}

func (o Conv2D) WithResidual() (Op, bool) {
	ok := !o.Residual
	o.Residual = true
	return o, ok
}

// WithNorm is false where the norm of a value would be computed for more than one vector
// of columns or two: the taps of the kernel read it again each time.
func (o Conv2D) WithNorm(n Normalize, in []Tensor) (Op, bool) {
	load, ok := o.Load.with(n)
	ok = ok && !o.Two && o.groups() == 1 && in[1].Shape[3] <= 8
	o.Load, o.Two = load, n.Two
	return o, ok
}

func (o Conv2D) WithUp() (Op, bool) {
	ok := !o.Two && o.groups() == 1 && o.Load == Load{}
	o.Load.Up = true
	return o, ok
}

// conv makes a case: size is N, H, W, kernel is KH, KW, and channels is C, K.
func (o Conv2D) conv(size [3]int, kernel, channels [2]int, weight Type) Case {
	x := Float(size[0], size[1], size[2], channels[0])
	w := Tensor{Shape{kernel[0], kernel[1], pad4(channels[0] / o.groups()), channels[1]}, weight}
	if o.depthwise(x.Shape, w.Shape) {
		w.Shape[2] = 1
	}
	return o.of([]Tensor{x}, w)
}

// join makes a case of two sources with c1 and c2 channels.
func (o Conv2D) join(size [3]int, kernel [2]int, c1, c2, k int, weight Type) Case {
	o.Two = true
	x, x2 := Float(size[0], size[1], size[2], c1), Float(size[0], size[1], size[2], c2)
	w := Tensor{Shape{kernel[0], kernel[1], pad4(c1) + pad4(c2), k}, weight}
	return o.of([]Tensor{x, x2}, w)
}

// of makes the case of a weight with the operands of the load and of the epilogue, and
// counts the operations.
func (o Conv2D) of(sources []Tensor, w Tensor) Case {
	c := Case{Op: o, In: sources, Fill: o.fill}
	if o.Load.Norm {
		c.In = append(c.In, coefOf(sources))
	}
	c.In = append(c.In, w)
	bare := o
	bare.Bias, bare.Residual = false, false
	y, err := bare.Infer(c.In)
	if err != nil {
		panic("kernels: conv2d: case " + err.Error())
	}
	c.In = append(c.In, epilogueInputs(y[0].Shape, o.Bias, o.Residual)...)
	c.Flops = o.Flops(c.In, y)
	return c
}

// fill zeroes the weights that meet padding, as the packer does.
func (o Conv2D) fill(_ *rand.Rand, in []*Array) {
	x, w := in[0].Shape, in[o.weight()]
	if o.depthwise(x, w.Shape) {
		return
	}
	for row := range w.Shape.Pixels() {
		c := row % w.Shape[2]
		used := c < x[3]/o.groups()
		if o.Two {
			used = used || c >= pad4(x[3]) && c < pad4(x[3])+in[1].Shape[3]
		}
		if !used {
			clear(w.Row(row))
		}
	}
}

func init() {
	one, two := [2]int{1, 1}, [2]int{2, 2}
	around := func(p int) [4]int { return [4]int{p, p, p, p} }
	k1, k3, k5 := [2]int{1, 1}, [2]int{3, 3}, [2]int{5, 5}
	same := Conv2D{Stride: one, Pad: around(1)}
	full := Conv2D{Stride: one, Pad: around(1), Act: SiLU, Bias: true, Residual: true}
	depthwise := func(channels, stride int, pad [4]int) Conv2D {
		return Conv2D{Stride: [2]int{stride, stride}, Pad: pad, Groups: channels, Act: SiLU, Bias: true}
	}
	e := Entry{Name: "conv2d", Class: Contraction, Files: []string{"conv2d.wgsl", "conv2d_tile.wgsl", "conv2d_group.wgsl", "conv2d_around.wgsl", "depthwise.wgsl"}}
	add := func(name string, bench bool, c Case) {
		c.Name, c.Bench = name, bench
		if w := c.In[c.Op.(Conv2D).weight()]; w.Type == F16 {
			c.Bound, c.Why = 1e-6, "weights are stored as half floats"
		}
		e.Cases = append(e.Cases, c)
	}
	add("one pixel", false, same.conv([3]int{1, 1, 1}, k3, [2]int{1, 1}, F32))
	add("one pixel 1x1", false, Conv2D{Stride: one, Act: Sigmoid, Bias: true}.conv([3]int{1, 1, 1}, k1, [2]int{40, 960}, F32))
	add("7 channels", false, full.conv([3]int{2, 9, 11}, k3, [2]int{7, 7}, F32))
	add("7 channels f16", false, full.conv([3]int{2, 9, 11}, k3, [2]int{7, 13}, F16))
	add("two sources of 5 and 3 channels", false, full.join([3]int{2, 5, 6}, k3, 5, 3, 9, F32))
	add("two sources 1x1 f16", false, full.join([3]int{1, 6, 5}, k1, 8, 6, 17, F16))
	full.Pad = [4]int{}
	add("two sources 1x1 in several windows", false, full.join([3]int{2, 9, 31}, k1, 130, 67, 261, F32))
	add("1x1 in nine parts", false, Conv2D{Stride: one}.conv([3]int{1, 8, 9}, k1, [2]int{130, 1000}, F32))
	full.Pad = around(1)
	normed, up := same, full
	normed.Load, up.Load = Load{Norm: true, SiLU: true}, Load{Norm: true, Up: true}
	add("normalised, 7 channels", false, normed.conv([3]int{2, 9, 11}, k3, [2]int{7, 7}, F32))
	add("normalised, two sources of 5 and 3 channels", false, normed.join([3]int{2, 5, 6}, k3, 5, 3, 9, F32))
	add("normalised, 64->3 at 33x65", false, normed.conv([3]int{1, 33, 65}, k3, [2]int{64, 3}, F32))
	add("normalised 1x1 f16", false, Conv2D{Stride: one, Load: Load{Norm: true}}.conv([3]int{2, 7, 9}, k1, [2]int{12, 20}, F16))
	add("doubled, 7 channels", false, up.conv([3]int{2, 9, 11}, k3, [2]int{7, 13}, F32))
	add("doubled, stride 2 in several windows", false, Conv2D{Stride: two, Pad: around(1), Load: Load{Up: true}}.conv([3]int{1, 17, 33}, k3, [2]int{66, 40}, F32))
	add("two groups of 3", false, Conv2D{Stride: one, Pad: around(1), Groups: 2, Act: ReLU, Bias: true, Residual: true}.conv([3]int{1, 6, 7}, k3, [2]int{6, 10}, F32))
	add("three groups of 8 f16", false, Conv2D{Stride: two, Pad: around(1), Groups: 3}.conv([3]int{2, 6, 7}, k3, [2]int{24, 12}, F16))
	add("group per channel, two outputs each", false, Conv2D{Stride: one, Groups: 5}.conv([3]int{1, 6, 7}, k3, [2]int{5, 10}, F32))
	add("stride 2 padded right and below", false, Conv2D{Stride: two, Pad: [4]int{0, 0, 1, 1}, Act: ReLU6}.conv([3]int{1, 12, 10}, k3, [2]int{8, 12}, F32))
	add("stride 3x2 of 4x5 padded 2, 0, 1, 3", false, Conv2D{Stride: [2]int{3, 2}, Pad: [4]int{2, 0, 1, 3}, Act: GELU}.conv([3]int{2, 13, 17}, [2]int{4, 5}, [2]int{6, 5}, F32))
	add("1x1 stride 2", false, Conv2D{Stride: two}.conv([3]int{1, 7, 9}, k1, [2]int{12, 20}, F32))
	add("5x5 with padding over the image", false, Conv2D{Stride: one, Pad: around(4), Act: ReLU}.conv([3]int{1, 2, 3}, k5, [2]int{9, 33}, F32))
	add("7x7 stride 2", false, Conv2D{Stride: two, Pad: around(3)}.conv([3]int{1, 31, 33}, [2]int{7, 7}, [2]int{3, 16}, F32))
	add("65,536 workgroups", false, Conv2D{Stride: one, Groups: 2}.conv([3]int{1, 1449, 1449}, k1, [2]int{2, 8}, F32))
	add("depthwise one pixel", false, depthwise(7, 1, around(1)).conv([3]int{1, 1, 1}, k3, [2]int{7, 7}, F32))
	add("depthwise 3x3 stride 2 residual f16", false, Conv2D{Stride: two, Pad: [4]int{0, 0, 1, 1}, Groups: 6, Residual: true}.conv([3]int{2, 14, 15}, k3, [2]int{6, 6}, F16))
	add("depthwise 2x4 stride 1x3", false, Conv2D{Stride: [2]int{1, 3}, Pad: [4]int{1, 2, 0, 3}, Groups: 10}.conv([3]int{1, 9, 31}, [2]int{2, 4}, [2]int{10, 10}, F32))

	add("stem 3x3 stride 2 3->48 at 224x224", true, Conv2D{Stride: two, Pad: [4]int{0, 0, 1, 1}, Act: SiLU, Bias: true}.conv([3]int{1, 224, 224}, k3, [2]int{3, 48}, F32))
	add("depthwise 3x3 192 at 56x56", true, depthwise(192, 1, around(1)).conv([3]int{1, 56, 56}, k3, [2]int{192, 192}, F32))
	add("depthwise 5x5 stride 2 192 at 56x56", true, depthwise(192, 2, [4]int{2, 2, 2, 2}).conv([3]int{1, 56, 56}, k5, [2]int{192, 192}, F32))
	add("depthwise 5x5 672 at 14x14", true, depthwise(672, 1, around(2)).conv([3]int{1, 14, 14}, k5, [2]int{672, 672}, F32))
	add("1x1 160->960 at 14x14", true, Conv2D{Stride: one, Act: SiLU, Bias: true}.conv([3]int{1, 14, 14}, k1, [2]int{160, 960}, F32))
	add("3x3 64->64 at 56x56", true, same.conv([3]int{1, 56, 56}, k3, [2]int{64, 64}, F32))
	add("3x3 64->64 at 224x224", true, full.conv([3]int{1, 224, 224}, k3, [2]int{64, 64}, F32))
	add("3x3 256+256->256 at 28x28", true, full.join([3]int{1, 28, 28}, k3, 256, 256, 256, F32))
	add("3x3 256+256->256 at 28x28 f16", true, full.join([3]int{1, 28, 28}, k3, 256, 256, 256, F16))
	add("3x3 64->3 at 112x112", true, Conv2D{Stride: one, Pad: around(1), Bias: true}.conv([3]int{1, 112, 112}, k3, [2]int{64, 3}, F32))
	add("3x3 128+128->128 at 224x224", true, Conv2D{Stride: one, Pad: around(1), Bias: true}.join([3]int{1, 224, 224}, k3, 128, 128, 128, F32))
	e.Random = randomConv
	register(e)
}

func randomConv(r *rand.Rand) Case {
	o := Conv2D{Act: Activation(r.IntN(int(activations))), Bias: r.IntN(2) == 0, Residual: r.IntN(2) == 0}
	kernel := [2]int{1 + r.IntN(5), 1 + r.IntN(5)}
	if r.IntN(3) == 0 {
		kernel = [2]int{3, 3}
	}
	for i := range 2 {
		o.Stride[i] = 1 + r.IntN(2)*r.IntN(3)
		o.Pad[i], o.Pad[2+i] = r.IntN(kernel[i]), r.IntN(kernel[i])
	}
	load := Load{Norm: r.IntN(3) == 0, Up: r.IntN(4) == 0}
	load.SiLU = load.Norm && r.IntN(2) == 0
	// Any kernel fits, as the image is at least as large.
	size := [3]int{extent(r, 3), max(extent(r, 20), kernel[0]), max(extent(r, 40), kernel[1])}
	weight := Type(r.IntN(2))
	c, k := extent(r, 40), extent(r, 70)
	var made Case
	switch r.IntN(5) {
	case 0:
		o.Groups = c
		made = o.conv(size, kernel, [2]int{c, c}, weight)
	case 1:
		o.Groups = 2 + r.IntN(3)
		made = o.conv(size, kernel, [2]int{o.Groups * extent(r, 9), o.Groups * extent(r, 9)}, weight)
	case 2:
		o.Load = load
		made = o.join(size, kernel, c, extent(r, 40), k, weight)
	default:
		o.Load = load
		made = o.conv(size, kernel, [2]int{c, k}, weight)
	}
	if weight == F16 {
		made.Bound, made.Why = 1e-6, "weights are stored as half floats"
	}
	return made
}
