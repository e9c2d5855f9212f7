package kernels

import (
	"fmt"

	"github.com/drdc-dev/drdc/shaders"
)

// recordTiles is the gradient of Winograd's convolution by its weight. In
// y = A^T [sum over c of u * v] A, with u = G w G^T and v = B^T d B, every point of u is
// a matrix whose gradient is the product of v, over all tiles, and A dy A^T; and
// dw = G^T du G. Four kinds of steps: x to points, dy to points, a matmul for each
// point, and the sum of their results to taps. The tiles are cut into parts, whose
// results are added up in the last step, so that a device is busy, and the parts go
// through the temporaries in several passes where these would be large.
func (o ConvWeight) recordTiles(t Target, in, out []Tensor) (Record, error) {
	if t.CPU {
		return o.recordSums(t, in, out)
	}
	dy, w := in[len(in)-1].Shape, out[0].Shape
	side := o.Tile + 2
	points, rows, k4 := side*side, w[2], w.C4()
	across, down := ceilDiv(dy[2], o.Tile), ceilDiv(dy[1], o.Tile)
	total := dy[0] * down * across
	result := 16 * points * rows * k4
	c := cutTiles(total, 4*points*max(rows, 4*k4), result, points*ceilDiv(rows, 64)*ceilDiv(k4, 16))
	multiply := product{rows: rows, k4: c.run / 4, depth: c.run, columns: w[3], stride: c.run * k4, scale: 1}
	rec := Record{Temps: []int{4 * c.pass * points * rows * c.run, 16 * c.pass * points * c.run * k4, c.parts * result}}
	for i, bytes := range rec.Temps {
		if bytes > t.StorageBinding {
			return Record{}, fmt.Errorf("%w: temporary %d of %d points of %d by %d channels takes %d bytes, one binding holds %d", ErrLimit, i, points, rows, 4*k4, bytes, t.StorageBinding)
		}
	}
	tile := []shaders.Setting{shaders.Int("TILE", o.Tile)}
	for first := 0; first < c.parts; first += c.pass {
		n := min(c.pass, c.parts-first)
		place := convWeightTiles{
			Tiles: uint32(n * c.run), Total: uint32(total), Start: uint32(first * c.run),
			Across: uint32(across), Down: uint32(down), Run: uint32(c.run), Rows: uint32(rows),
		}
		row := 0
		for i, x := range in[:o.sources()] {
			p := place
			p.First, p.H, p.W, p.C4 = uint32(row), uint32(x.Shape[1]), uint32(x.Shape[2]), uint32(x.Shape.C4())
			p.Top, p.Left = int32(o.Pad[0]), int32(o.Pad[1])
			d := Dispatch{Shader: "convweight_input.wgsl", Set: tile, Bind: []Operand{In(i), Temp(0)}, Uniform: p}
			if err := rec.over(t, d, n*c.run*x.Shape.C4()); err != nil {
				return Record{}, err
			}
			row += pad4(x.Shape[3])
		}
		place.H, place.W, place.C4 = uint32(dy[1]), uint32(dy[2]), uint32(k4)
		d := Dispatch{Shader: "convweight_output.wgsl", Set: tile, Bind: []Operand{In(len(in) - 1), Temp(1)}, Uniform: place}
		if err := rec.over(t, d, n*c.run*k4); err != nil {
			return Record{}, err
		}
		multiply.batches = n * points
		m, err := multiply.record(t, []Tensor{{}, {}}, epilogue{})
		if err != nil {
			return Record{}, err
		}
		bind := epilogue{}.bind(&rec, Temp(0), 0)
		bind[1], bind[len(bind)-1] = Temp(1), Operand{Kind: TempKind, Index: 2, Offset: first * result, Size: n * result}
		m.Steps[0].Bind = bind
		rec.Steps = append(rec.Steps, m.Steps[0])
	}
	return rec, o.recordTaps(t, &rec, rows*k4, c.parts)
}

// recordTaps adds up parts of sums, so many vectors for a point, and turns them to taps.
func (o ConvWeight) recordTaps(t Target, rec *Record, vectors, parts int) error {
	return rec.over(t, Dispatch{
		Shader: "convweight_taps.wgsl", Set: []shaders.Setting{shaders.Int("TILE", o.Tile)}, Bind: []Operand{Temp(2), Out(0)},
		Uniform: struct{ Vectors, Parts uint32 }{uint32(vectors), uint32(parts)},
	}, vectors)
}

// tileCut is a number of tiles as parts of run tiles, a multiple of four, of which a
// pass takes some.
type tileCut struct{ run, parts, pass int }

// cutTiles cuts so that a pass fills a GPU. A tile takes bytes of the larger temporary, a
// part has a result of some bytes and is multiplied by so many workgroups.
func cutTiles(tiles, bytes, result, groups int) tileCut {
	const room, busy = 64 << 20, 512
	c := tileCut{run: min(ceilDiv(tiles, ceilDiv(busy, groups)), room/bytes)}
	c.run = max(16, c.run, ceilDiv(tiles, max(1, 32<<20/result))) // short sums do not pay for their results
	c.run = pad4(min(c.run, tiles))
	c.parts = ceilDiv(tiles, c.run)
	c.pass = max(1, min(c.parts, room/(c.run*bytes)))
	return c
}

type convWeightTiles struct {
	Tiles, Total, Start, Across, Down, Run, Rows, First, H, W, C4 uint32

	Top, Left int32
}
