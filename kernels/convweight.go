package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// ConvWeight is the gradient of a convolution by its weight,
//
//	dw[i, j, c, k] = sum over n, y, x of in[n, y Stride+i-Pad, x Stride+j-Pad, c] dy[n, y, x, k]
//
// Inputs, in this order: in [N, H, W, C]; with Two a second source [N, H, W, C2];
// dy [N, OH, OW, K]. Output: dw [KH, KW, rows, K] in the layout of PackConv. Over one
// pixel, [1, 1, P, C], it is the gradient of a linear layer.
type ConvWeight struct {
	Kernel, Stride [2]int // rows, columns
	Pad            [4]int // top, left, bottom, right
	Two            bool
	Tile           int // 2 or 4: a 3x3 kernel of stride 1 in tiles of so many pixels (Winograd); 0: plainly
}

func (o ConvWeight) Name() string { return "convweight" }

func (o ConvWeight) sources() int {
	if o.Two {
		return 2
	}
	return 1
}

func (o ConvWeight) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, make([]Type, o.sources()+1)...); err != nil {
		return nil, err
	}
	if o.Tile != 0 && (o.Tile != 2 && o.Tile != 4 || o.Kernel != [2]int{3, 3} || o.Stride != [2]int{1, 1}) {
		return nil, fmt.Errorf("%w: tile of %d for a kernel %v of stride %v, want 2 or 4 for 3x3 of stride 1", ErrShape, o.Tile, o.Kernel, o.Stride)
	}
	dy := in[len(in)-1].Shape
	w := Tensor{Shape: Shape{o.Kernel[0], o.Kernel[1], 0, dy[3]}}
	for _, x := range in[:o.sources()] {
		w.Shape[2] += pad4(x.Shape[3])
	}
	// The forward operation checks the fields and both sources.
	y, err := o.conv().Infer(append(in[:o.sources():o.sources()], w))
	if err != nil {
		return nil, err
	}
	if y[0].Shape != dy {
		return nil, fmt.Errorf("%w: gradient %v, want %v", ErrShape, dy, y[0].Shape)
	}
	return []Tensor{w}, nil
}

// outerBlock is what an invocation of convweight.wgsl or convweight_tile.wgsl sums
// up: rows vectors of input channels times columns vectors of output channels.
type outerBlock struct{ rows, columns int }

func (b outerBlock) settings() []shaders.Setting {
	return []shaders.Setting{
		shaders.Int("ROWS", b.rows), shaders.Int("COLUMNS", b.columns), shaders.Int("ACC", 4*b.rows*b.columns),
	}
}

// Record splits the pixels so that the device is busy, and then adds up the parts.
func (o ConvWeight) Record(t Target, in, out []Tensor) (Record, error) {
	switch {
	case o.Tile != 0:
		return o.recordTiles(t, in, out)
	case t.CPU && o.conv().pointwise(out[0].Shape):
		return o.recordLinear(t, in, out[0].Shape)
	}
	dy, w := in[len(in)-1].Shape, out[0].Shape
	tiles, pixels := 0, dy.Pixels()
	block, across := make([]outerBlock, o.sources()), 1
	if !t.CPU {
		across = 8
	}
	for i, x := range in[:o.sources()] {
		block[i] = outerBlock{min(4, x.Shape.C4()), min(2, dy.C4())}
		if !t.CPU {
			block[i] = outerBlock{1 + min(1, x.Shape.C4()/9), 1 + min(1, dy.C4()/9)}
		}
		tiles += w[0] * w[1] * ceilDiv(x.Shape.C4(), across*block[i].rows) * ceilDiv(dy.C4(), across*block[i].columns)
	}
	busy := 256
	splits := max(1, min(busy/tiles, pixels/64))
	run := ceilDiv(pixels, splits)
	splits = ceilDiv(pixels, run)

	var rec Record
	to := Out(0)
	if splits > 1 {
		rec.Temps, to = []int{16 * splits * w.Vectors()}, Temp(0)
	}
	first := 0
	for i, x := range in[:o.sources()] {
		p := convWeightParams{
			H: uint32(x.Shape[1]), W: uint32(x.Shape[2]), C4: uint32(x.Shape.C4()),
			OH: uint32(dy[1]), OW: uint32(dy[2]), K4: uint32(dy.C4()), KH: uint32(w[0]), KW: uint32(w[1]),
			Stride_Y: uint32(o.Stride[0]), Stride_X: uint32(o.Stride[1]), Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
			Rows: uint32(w[2]), First: uint32(first), Vectors: uint32(w.Vectors()),
			Pixels: uint32(pixels), Run: uint32(run), Splits: uint32(splits),
			Row_Tiles:    uint32(ceilDiv(x.Shape.C4(), across*block[i].rows)),
			Column_Tiles: uint32(ceilDiv(dy.C4(), across*block[i].columns)),
		}
		d := Dispatch{Shader: "convweight_tile.wgsl", Set: block[i].settings(), Bind: []Operand{In(i), In(len(in) - 1), to}, Uniform: p}
		groups := w[0] * w[1] * int(p.Row_Tiles*p.Column_Tiles) * splits
		if t.CPU {
			d.Shader, groups = "convweight.wgsl", ceilDiv(groups, 8)
		}
		var err error
		if d.Groups, err = t.Grid(groups); err != nil {
			return Record{}, err
		}
		rec.Steps = append(rec.Steps, d)
		first += pad4(x.Shape[3])
	}
	if splits == 1 {
		return rec, nil
	}
	return rec, sumParts(t, &rec, to, Out(0), splits, w.Vectors())
}

// recordLinear is the gradient of a linear layer on a CPU: each source's vectors times
// those of dy, pixel by pixel.
func (o ConvWeight) recordLinear(t Target, in []Tensor, w Shape) (Record, error) {
	var rec Record
	last, first4 := len(in)-1, 0
	m := t.windows(In(last), in[last].Shape.Vectors())
	for i, x := range in[:last] {
		p := outerProducts{
			points: 1, tiles: x.Shape.Pixels(), rows4: x.Shape.C4(), k4: w.C4(), v: t.windows(In(i), x.Shape.Vectors()), m: m,
			du: Out(0), rows: 4 * x.Shape.C4(), first: 4 * first4 * w.C4(), line: w.C4(), side: 1, scale: 1,
		}
		if err := p.record(t, &rec); err != nil {
			return Record{}, err
		}
		first4 += x.Shape.C4()
	}
	return rec, nil
}

// conv is the convolution that o belongs to, without its epilogue.
func (o ConvWeight) conv() Conv2D { return Conv2D{Stride: o.Stride, Pad: o.Pad, Two: o.Two} }

type convWeightParams struct {
	H, W, C4, OH, OW, K4, KH, KW, Stride_Y, Stride_X uint32

	Top, Left int32

	Rows, First, Vectors, Pixels, Run, Splits, Row_Tiles, Column_Tiles uint32
}

func (o ConvWeight) Reference(in, out []*Array) {
	dy, w := in[len(in)-1], out[0]
	s := w.Shape
	parallelRows(s[0]*s[1], func(tap int) {
		row := tap * s[2]
		for _, x := range in[:o.sources()] {
			for i := range dy.Shape.Pixels() {
				n, oy, ox := i/(dy.Shape[1]*dy.Shape[2]), i/dy.Shape[2]%dy.Shape[1], i%dy.Shape[2]
				iy, ix := oy*o.Stride[0]+tap/s[1]-o.Pad[0], ox*o.Stride[1]+tap%s[1]-o.Pad[1]
				if iy < 0 || ix < 0 || iy >= x.Shape[1] || ix >= x.Shape[2] {
					continue
				}
				g := dy.Row(i)
				for c, v := range x.Row((n*x.Shape[1]+iy)*x.Shape[2] + ix) {
					sum := w.Row(row + c)
					for k, d := range g {
						sum[k] += v * d
					}
				}
			}
			row += pad4(x.Shape[3])
		}
	})
}

// Flops implements Counted: as many as the convolution's.
func (o ConvWeight) Flops(in, _ []Tensor) float64 {
	channels := 0
	for _, x := range in[:o.sources()] {
		channels += x.Shape[3]
	}
	return 2 * float64(o.Kernel[0]*o.Kernel[1]*channels) * float64(in[len(in)-1].Shape.Elems())
}

func init() {
	of := func(name string, o ConvWeight, n, h, w, k int, channels ...int) Case {
		c := Case{Name: name, Op: o}
		for _, ch := range channels {
			c.In = append(c.In, Float(n, h, w, ch))
		}
		dy := Float(n, (h+o.Pad[0]+o.Pad[2]-o.Kernel[0])/o.Stride[0]+1, (w+o.Pad[1]+o.Pad[3]-o.Kernel[1])/o.Stride[1]+1, k)
		c.In = append(c.In, dy)
		c.Flops = o.Flops(c.In, nil)
		if o.Tile != 0 {
			c = c.winogradBound(o.Tile)
		}
		return c
	}
	tiled := func(o ConvWeight, tile int) ConvWeight { o.Tile = tile; return o }
	one := ConvWeight{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}
	same := ConvWeight{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
	two := same
	two.Two = true
	e := Entry{
		Name: "convweight", Class: Contraction,
		Files: []string{"convweight.wgsl", "convweight_tile.wgsl", "convweight_input.wgsl", "convweight_output.wgsl", "convweight_taps.wgsl", "convweight_rows.wgsl", "convweight_finish.wgsl"},
		Cases: []Case{
			of("one value", one, 1, 1, 1, 1, 1),
			of("1x1 over 257 pixels", one, 1, 1, 257, 9, 7),
			of("3x3 7->5", same, 2, 7, 9, 5, 7),
			of("3x3 stride 2", ConvWeight{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{1, 0, 2, 1}}, 2, 9, 8, 6, 37),
			of("3x2 without padding", ConvWeight{Kernel: [2]int{3, 2}, Stride: [2]int{1, 1}}, 1, 6, 9, 70, 3),
			of("1x1 two sources of 13 and 9", ConvWeight{Kernel: one.Kernel, Stride: one.Stride, Two: true}, 2, 6, 7, 14, 13, 9),
			of("two sources of 5 and 9", two, 2, 6, 7, 11, 5, 9),
			of("in tiles of 2, 7->5", tiled(same, 2), 2, 7, 9, 5, 7),
			of("in tiles of 4, one value", tiled(same, 4), 1, 1, 1, 1, 1),
			of("in tiles of 4, padded 2, 0, 1, 3", tiled(ConvWeight{Kernel: same.Kernel, Stride: same.Stride, Pad: [4]int{2, 0, 1, 3}}, 4), 2, 9, 14, 37, 6),
			of("in tiles of 4, two sources of 5 and 9", tiled(two, 4), 2, 6, 7, 11, 5, 9),
			of("in tiles of 4, several passes", tiled(same, 4), 3, 70, 66, 21, 37),
			of("in tiles of 4, 64->64 at 4x28x28", tiled(same, 4), 4, 28, 28, 64, 64),
			of("in tiles of 4, 256->256 at 14x14", tiled(same, 4), 1, 14, 14, 256, 256),
			of("3x3 64->64 at 4x28x28", same, 4, 28, 28, 64, 64),
			of("3x3 64+32->64 at 2x28x28", two, 2, 28, 28, 64, 64, 32),
			of("linear 256->1024 of 8x196 tokens", one, 1, 1, 1568, 1024, 256),
			of("3x3 256->256 at 14x14", same, 1, 14, 14, 256, 256),
		},
		Random: func(r *rand.Rand) Case {
			o := ConvWeight{Kernel: [2]int{1 + r.IntN(4), 1 + r.IntN(4)}, Two: r.IntN(3) == 0}
			for i := range 2 {
				o.Stride[i] = 1 + r.IntN(2)
				o.Pad[i], o.Pad[2+i] = r.IntN(o.Kernel[i]), r.IntN(o.Kernel[i])
			}
			channels := []int{extent(r, 70), extent(r, 70)}
			if r.IntN(3) == 0 {
				o.Kernel, o.Stride, o.Tile = [2]int{3, 3}, [2]int{1, 1}, 2+2*r.IntN(2)
			}
			return of("", o, extent(r, 3), max(extent(r, 33), o.Kernel[0]), max(extent(r, 33), o.Kernel[1]), extent(r, 70), channels[:o.sources()]...)
		},
	}
	for i := range e.Cases {
		e.Cases[i].Bench = e.Cases[i].Flops > 5e7
	}
	register(e)
}
