package kernels

import "github.com/drdc-dev/drdc/shaders"

func (o Conv2D) Record(t Target, in, out []Tensor) (Record, error) {
	x, w, y := in[0].Shape, in[o.weight()], out[0].Shape
	switch {
	case o.depthwise(x, w.Shape):
		return o.recordDepthwise(t, in, y)
	case o.groups() > 1:
		return o.recordGroups(t, in, y)
	case o.pointwise(w.Shape) && o.Load == Load{}:
		if rec, ok, err := (pointwise{in[:o.weight()], w, o.epilogue()}).recordWindows(t, y); ok {
			return rec, err
		}
		if !o.Two || t.CPU {
			return o.recordProducts(t, in, y)
		}
	}
	if rec, ok, err := o.recordWindows(t, in, y); ok {
		return rec, err
	}
	if t.CPU {
		return o.recordBlocks(t, in, y)
	}
	b, read := sharedBlock(y.Pixels(), 1, y.C4()), o.Load.as(x)
	p := tileParams{
		Images: uint32(x[0]), H: uint32(read[1]), W: uint32(read[2]), First4: uint32(x.C4()),
		OH: uint32(y[1]), OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(y.C4()),
		KH: uint32(w.Shape[0]), KW: uint32(w.Shape[1]), StrideH: uint32(o.Stride[0]), StrideW: uint32(o.Stride[1]),
		Top: int32(o.Pad[0]), Left: int32(o.Pad[1]), ColTiles: uint32(ceilDiv(y.C4(), 8*b.columns)),
	}
	d := Dispatch{Shader: "conv2d_tile.wgsl", Set: append(b.settings(), o.Load.settings()...)}
	if o.Two {
		p.Second4 = uint32(in[1].Shape.C4())
		d.Set = append(d.Set, shaders.Int("TWO", 1))
	}
	d.Uniform = p
	var rec Record
	d.Bind = o.epilogue().bind(&rec, In(0), o.weight())
	if o.Two {
		d.Bind = append(d.Bind, In(1))
	} else {
		d.Bind = append(d.Bind, rec.absent())
	}
	d.Bind = append(d.Bind, o.Load.coef(&rec, o.sources()))
	return rec, o.epilogue().add(t, &rec, d, w.Type, ceilDiv(y.Pixels(), 8*b.rows)*int(p.ColTiles))
}

// recordProducts has a matmul of pixels for each source, which adds to that of the one before.
func (o Conv2D) recordProducts(t Target, in []Tensor, y Shape) (Record, error) {
	var rec Record
	first, last := 0, o.sources()-1
	for i, x := range in[:last+1] {
		e := epilogue{}
		if i == last {
			e = o.epilogue()
		}
		m := product{batches: 1, rows: y.Pixels(), k4: x.Shape.C4(), depth: pad4(x.Shape[3]), columns: y[3], first: first * y.C4(), add: i > 0, scale: 1}
		d, groups := m.dispatch(t)
		d.Bind = e.bind(&rec, In(i), o.weight())
		if err := e.add(t, &rec, d, in[o.weight()].Type, groups); err != nil {
			return Record{}, err
		}
		first += m.depth
	}
	return rec, nil
}

type tileParams struct {
	Images, H, W, First4, Second4, OH, OW, Channels, Channels4, KH, KW, StrideH, StrideW uint32

	Top, Left int32
	ColTiles  uint32
}

// recordBlocks has a dispatch for each source; the second adds to the first's
// result and holds the epilogue. One that reads both would pay for a branch, which
// CPU adapters execute on both sides, at every load.
func (o Conv2D) recordBlocks(t Target, in []Tensor, y Shape) (Record, error) {
	var rec Record
	w, b, first := in[o.weight()], imageBlock(y), 0
	blocks := y[0] * ceilDiv(y[1], b.rows/b.width) * ceilDiv(y[2], b.width)
	for i, x := range in[:o.sources()] {
		e, read := epilogue{}, o.Load.as(x.Shape)
		if i == o.sources()-1 {
			e = o.epilogue()
		}
		d := Dispatch{
			Shader: "conv2d.wgsl",
			Set:    append(append(b.settings(), shaders.Int("WIDTH", b.width)), o.Load.settings()...),
			Bind:   append(e.bind(&rec, In(i), o.weight()), o.Load.coef(&rec, o.sources())),
			Uniform: blockParams{
				Images: uint32(read[0]), H: uint32(read[1]), W: uint32(read[2]), C4: uint32(x.Shape.C4()),
				Rows: uint32(w.Shape[2]), First: uint32(first),
				OH: uint32(y[1]), OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(y.C4()),
				KH: uint32(w.Shape[0]), KW: uint32(w.Shape[1]), StrideH: uint32(o.Stride[0]), StrideW: uint32(o.Stride[1]),
				Top: int32(o.Pad[0]), Left: int32(o.Pad[1]), ColTiles: uint32(b.columnTiles(y.C4())), Lanes: uint32(b.lanes),
			},
		}
		if i > 0 {
			d.Set = append(d.Set, shaders.Int("ADD", 1))
		}
		if err := e.add(t, &rec, d, w.Type, b.groups(blocks, y.C4())); err != nil {
			return Record{}, err
		}
		first += pad4(x.Shape[3])
	}
	return rec, nil
}

type blockParams struct {
	Images, H, W, C4, Rows, First, OH, OW, Channels, Channels4, KH, KW, StrideH, StrideW uint32

	Top, Left int32
	ColTiles  uint32
	Lanes     uint32
}

// pointwise reports whether the convolution is a matmul of pixels.
func (o Conv2D) pointwise(w Shape) bool {
	return w[0] == 1 && w[1] == 1 && o.Stride == [2]int{1, 1} && o.Pad == [4]int{}
}

func (o Conv2D) epilogue() epilogue { return epilogue{o.Act, o.Bias, o.Residual} }

func (o Conv2D) recordGroups(t Target, in []Tensor, y Shape) (Record, error) {
	x, w, g := in[0].Shape, in[1], o.groups()
	d := Dispatch{Shader: "conv2d_group.wgsl", Uniform: groupParams{
		Vectors: uint32(y.Vectors()), H: uint32(x[1]), W: uint32(x[2]), C4: uint32(x.C4()),
		Inputs: uint32(x[3] / g), Outputs: uint32(y[3] / g),
		OH: uint32(y[1]), OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(y.C4()),
		KH: uint32(w.Shape[0]), KW: uint32(w.Shape[1]), StrideH: uint32(o.Stride[0]), StrideW: uint32(o.Stride[1]),
		Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
	}}
	return o.epilogue().record(t, d, in, ceilDiv(y.Vectors(), 64))
}

type groupParams struct {
	Vectors, H, W, C4, Inputs, Outputs, OH, OW, Channels, Channels4, KH, KW, StrideH, StrideW uint32

	Top, Left int32
}
