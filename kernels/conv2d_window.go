package kernels

// recordWindows is Record for adapters with fast uniforms: a row of the output is a matmul
// of what lies around it, whose rows overlap, and the weights of a row of taps after the
// other. It is false where windows do not suit.
func (o Conv2D) recordWindows(t Target, in []Tensor, y Shape) (rec Record, ok bool, err error) {
	w := in[o.weight()]
	row4, k4 := w.Shape[2]/4, y.C4()
	b := t.windows(In(o.weight()), w.Shape.Vectors())
	part4 := b.fits(4*k4) / (4 * k4)
	line4 := w.Shape[1] * row4 // what a tap row reads for a pixel of y
	// A dispatch takes as long as half a million operations.
	operations := 2 * 16 * y[2] * w.Shape[0] * line4 * k4
	if !t.Windows || w.Type != F32 || part4 < 1 || operations < 1e6 {
		return Record{}, false, nil
	}
	v := Shape{y[0], (y[1]-1)*o.Stride[0] + w.Shape[0], (y[2]-1)*o.Stride[1] + w.Shape[1], 4 * row4}
	a := t.windows(Temp(0), v.Vectors())
	if !v.valid() || 16*a.vectors > t.StorageBinding {
		return Record{}, false, nil
	}
	m := windowProduct{rows: y[2], columns: y[3], b: b, y: Out(0), ystride4: k4, end: o.epilogue(), bias: In(o.weight()), residual: In(o.weight())}
	if o.Bias {
		m.bias = In(o.weight() + 1)
	}
	if o.Residual {
		m.residual = In(o.weight() + len(epilogueTypes(nil, o.Bias, true)))
	}
	part := ceilDiv(line4, ceilDiv(line4, part4))
	var products []windowProduct
	for i := range y[0] * y[1] {
		m.yfirst, m.terms = i*y[2]*k4, nil
		for tap := range w.Shape[0] {
			line := windowTerm{
				a: a, first: (i/y[1]*v[1] + i%y[1]*o.Stride[0] + tap) * v[2] * row4, stride4: o.Stride[1] * row4,
				depth4: line4, bfirst: tap * line4 * 4 * k4,
			}
			m.terms = append(m.terms, line.terms(part, part, k4)...)
		}
		if !m.suits() {
			return Record{}, false, nil
		}
		products = append(products, m)
	}
	rec.Temps = []int{16 * a.vectors}
	first4 := 0
	coef := o.Load.coef(&rec, o.sources())
	for i, x := range in[:o.sources()] {
		c4, read := x.Shape.C4(), o.Load.as(x.Shape)
		n := v.Pixels() * c4
		if err := rec.over(t, Dispatch{Shader: "conv2d_around.wgsl", Set: o.Load.settings(), Bind: []Operand{In(i), coef, Temp(0)}, Uniform: conv2dAround{
			Vectors: uint32(n), C4: uint32(c4), Row4: uint32(row4), First4: uint32(first4),
			H: uint32(v[1]), W: uint32(v[2]), XH: uint32(read[1]), XW: uint32(read[2]), Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
		}}, n); err != nil {
			return Record{}, true, err
		}
		first4 += c4
	}
	return rec, true, recordWindows(t, &rec, products)
}

type conv2dAround struct {
	Vectors, C4, Row4, First4, H, W, XH, XW uint32

	Top, Left int32
}
