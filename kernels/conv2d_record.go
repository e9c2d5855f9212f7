package kernels

import "github.com/drdc-dev/drdc/shaders"

func (o Conv2D) Record(t Target, in, out []Tensor) (Record, error) {
	x, w, y := in[0].Shape, in[o.weight()], out[0].Shape
	switch {
	case o.depthwise(x, w.Shape):
		return o.recordDepthwise(t, in, y)
	case o.groups() > 1:
		return o.recordGroups(t, in, y)
	case o.pointwise(w.Shape):
		rows := product{batches: 1, rows: x.Pixels(), k4: x.C4(), depth: w.Shape[2], columns: y[3], scale: 1}
		return rows.record(t, in, o.epilogue())
	}
	var second int
	if o.Two {
		second = in[1].Shape.C4()
	}
	p := convParams{
		Images: uint32(x[0]), H: uint32(x[1]), W: uint32(x[2]), First4: uint32(x.C4()), Second4: uint32(second),
		OH: uint32(y[1]), OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(y.C4()),
		KH: uint32(w.Shape[0]), KW: uint32(w.Shape[1]), Stride_Y: uint32(o.Stride[0]), Stride_X: uint32(o.Stride[1]),
		Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
	}
	d := Dispatch{Shader: "conv2d_tile.wgsl"}
	var groups int
	if t.CPU {
		d.Shader = "conv2d.wgsl"
		b := imageBlock(y)
		p.Column_Tiles = uint32(b.columnTiles(y.C4()))
		groups = b.groups(y[0]*ceilDiv(y[1], b.rows/b.width)*ceilDiv(y[2], b.width), y.C4())
		d.Set = append(b.settings(), shaders.Int("WIDTH", b.width))
	} else {
		b := sharedBlock(y.Pixels(), y.C4())
		p.Column_Tiles = uint32(ceilDiv(y.C4(), 8*b.columns))
		groups = ceilDiv(y.Pixels(), 8*b.rows) * int(p.Column_Tiles)
		d.Set = b.sharedSettings()
	}
	if o.Two {
		d.Set = append(d.Set, shaders.Int("TWO", 1))
	}
	d.Uniform = p
	return o.epilogue().record(t, d, in, o.weight(), true, groups)
}

type convParams struct {
	Images, H, W, First4, Second4, OH, OW, Channels, Channels4, KH, KW, Stride_Y, Stride_X uint32

	Top, Left    int32
	Column_Tiles uint32
}

// pointwise reports whether the convolution is a matmul of pixels.
func (o Conv2D) pointwise(w Shape) bool {
	return !o.Two && w[0] == 1 && w[1] == 1 && o.Stride == [2]int{1, 1} && o.Pad == [4]int{}
}

func (o Conv2D) epilogue() epilogue { return epilogue{o.Act, o.Bias, o.Residual} }

func (o Conv2D) recordGroups(t Target, in []Tensor, y Shape) (Record, error) {
	x, w, g := in[0].Shape, in[1], o.groups()
	d := Dispatch{Shader: "conv2d_group.wgsl", Uniform: groupParams{
		Vectors: uint32(y.Vectors()), H: uint32(x[1]), W: uint32(x[2]), C4: uint32(x.C4()),
		Group_In: uint32(x[3] / g), Group_Out: uint32(y[3] / g),
		OH: uint32(y[1]), OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(y.C4()),
		KH: uint32(w.Shape[0]), KW: uint32(w.Shape[1]), Stride_Y: uint32(o.Stride[0]), Stride_X: uint32(o.Stride[1]),
		Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
	}}
	return o.epilogue().record(t, d, in, 1, false, ceilDiv(y.Vectors(), 64))
}

type groupParams struct {
	Vectors, H, W, C4, Group_In, Group_Out, OH, OW, Channels, Channels4, KH, KW, Stride_Y, Stride_X uint32

	Top, Left int32
}
