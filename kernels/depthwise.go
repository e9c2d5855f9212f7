package kernels

import "github.com/drdc-dev/drdc/shaders"

// recordDepthwise is Record of a convolution with a kernel per channel.
func (o Conv2D) recordDepthwise(t Target, in []Tensor, y Shape) (Record, error) {
	x, w := in[0].Shape, in[1]
	// As many pixels at once as waste the fewest at the end of a row.
	pixels := 1
	for _, n := range []int{4, 7, 8} {
		if ceilDiv(y[2], n)*(n+4) <= ceilDiv(y[2], pixels)*(pixels+4) {
			pixels = n
		}
	}
	threads := 64
	if t.CPU {
		threads = 8
	}
	across := ceilDiv(y[2], pixels)
	blocks := y[0] * y[1] * across * y.C4()
	d := Dispatch{
		Shader: "depthwise.wgsl",
		Set: []shaders.Setting{
			shaders.Int("PIXELS", pixels), shaders.Int("KW", w.Shape[1]), shaders.Int("STRIDE", o.Stride[1]),
			shaders.Int("SPAN", (pixels-1)*o.Stride[1]+w.Shape[1]), shaders.Int("THREADS", threads),
		},
		Uniform: depthwiseParams{
			Blocks: uint32(blocks), Across: uint32(across), H: uint32(x[1]), W: uint32(x[2]),
			Channels: uint32(y[3]), Channels4: uint32(y.C4()), OH: uint32(y[1]), OW: uint32(y[2]),
			KH: uint32(w.Shape[0]), StrideH: uint32(o.Stride[0]), Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
		},
	}
	return o.epilogue().record(t, d, in, ceilDiv(blocks, threads))
}

type depthwiseParams struct {
	Blocks, Across, H, W, Channels, Channels4, OH, OW, KH, StrideH uint32

	Top, Left int32
}
