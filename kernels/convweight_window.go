package kernels

import (
	"fmt"

	"github.com/drdc-dev/drdc/shaders"
)

// tileSums is how CPU adapters go through the gradient of Winograd's convolution by its
// weight: passes over whole rows of tiles, whose values are [points, tiles, channels] for x
// and for dy, and whose products add to du.
type tileSums struct {
	side, across, down int // points of a row; tiles side by side in an image, one below the other
	lines, pass        int // rows of tiles, over all images; those of a pass, fewer in the last
	rows4, k4          int // vectors of a tile's point, of x and of dy
	v, m, u            windows
	none               Operand // in place of coefficients
	transforms         bool    // through windows
}

// passBytes bounds the values of a pass, which should stay in the cache of a core.
const passBytes = 5 << 18

func (o ConvWeight) tileSums(t Target, in []Tensor, w Shape) tileSums {
	dy := in[len(in)-1].Shape
	s := tileSums{side: o.Tile + 2, across: ceilDiv(dy[2], o.Tile), down: ceilDiv(dy[1], o.Tile), rows4: w[2] / 4, k4: w.C4()}
	s.lines = dy[0] * s.down
	points := s.side * s.side
	s.pass = min(s.lines, max(1, passBytes/(16*points*s.across*max(s.rows4, s.k4))))
	s.v = t.windows(Temp(0), points*s.pass*s.across*s.rows4)
	s.m = t.windows(Temp(1), points*s.pass*s.across*s.k4)
	s.u = t.windows(Temp(2), points*4*s.rows4*s.k4)
	s.transforms = t.WindowTransforms && s.u.fits(s.side*s.k4) >= s.side*s.k4
	for _, x := range in {
		s.transforms = s.transforms && s.pixels(t, x.Shape) >= s.side
	}
	return s
}

// pixels is how many pixels side by side a window of x holds wherever it begins.
func (s tileSums) pixels(t Target, x Shape) int {
	return t.windows(Operand{}, x.Vectors()).fits(1) / x.C4()
}

// recordSums is recordTiles on a CPU: x and dy to points, tile by tile, outer products of
// their vectors, and the sums to taps.
func (o ConvWeight) recordSums(t Target, in, out []Tensor) (Record, error) {
	s := o.tileSums(t, in, out[0].Shape)
	rec := Record{Temps: []int{16 * s.v.vectors, 16 * s.m.vectors, 16 * s.u.vectors}}
	s.none = rec.absent()
	for i, bytes := range rec.Temps {
		if bytes > t.StorageBinding {
			return Record{}, fmt.Errorf("%w: temporary %d of a row of %d tiles of %d by %d channels takes %d bytes, one binding holds %d", ErrLimit, i, s.across, 4*s.rows4, 4*s.k4, bytes, t.StorageBinding)
		}
	}
	products := outerProducts{points: s.side * s.side, rows4: s.rows4, k4: s.k4, v: s.v, m: s.m, du: Temp(2), rows: 4 * s.rows4, side: s.side, scale: 1}
	plane := 4 * s.rows4 * s.k4
	products.line, products.down, products.across = s.k4, s.side*plane, plane
	if s.transforms { // a window of a row of points holds rows of all of them
		products.line, products.across = s.side*s.k4, s.k4
	}
	for line := 0; line < s.lines; line += s.pass {
		lines := min(s.pass, s.lines-line)
		first4 := 0
		for i, x := range in {
			dy := i == len(in)-1
			if dy {
				first4 = 0
			}
			transform := o.recordTransform
			if s.transforms {
				transform = o.recordRows
			}
			if err := transform(t, &rec, s, line, lines, i, x.Shape, first4, dy); err != nil {
				return Record{}, err
			}
			first4 += x.Shape.C4()
		}
		products.tiles, products.add = lines*s.across, line > 0
		if err := products.record(t, &rec); err != nil {
			return Record{}, err
		}
	}
	if s.transforms {
		return rec, s.finish(t, &rec, o.Tile)
	}
	return rec, o.recordTaps(t, &rec, plane, 1)
}

// recordTransform transforms the rows of tiles of a pass from line on.
func (o ConvWeight) recordTransform(t Target, rec *Record, s tileSums, line, lines, i int, x Shape, first4 int, dy bool) error {
	set, tiles := []shaders.Setting{shaders.Int("TILE", o.Tile)}, lines*s.across
	if dy {
		return rec.over(t, Dispatch{Shader: "convweight_output.wgsl", Set: set, Bind: []Operand{In(i), Temp(1)}, Uniform: convWeightTiles{
			Tiles: uint32(tiles), Total: uint32(s.lines * s.across), Start: uint32(line * s.across), Across: uint32(s.across), Down: uint32(s.down),
			Run: uint32(tiles), Rows: uint32(4 * s.rows4), H: uint32(x[1]), W: uint32(x[2]), C4: uint32(s.k4),
		}}, tiles*s.k4)
	}
	return rec.over(t, Dispatch{Shader: "winograd_input.wgsl", Set: set, Bind: []Operand{In(i), s.none, Temp(0)}, Uniform: winogradInput{
		Tiles: uint32(tiles), Start: uint32(line * s.across), Across: uint32(s.across), Down: uint32(s.down),
		H: uint32(x[1]), W: uint32(x[2]), C4: uint32(x.C4()), Rows4: uint32(s.rows4), First4: uint32(first4), Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
	}}, tiles*x.C4())
}

// recordRows is recordTransform through windows: as many rows at once as they hold of input
// i, or where they hold less than a row, parts of one.
func (o ConvWeight) recordRows(t Target, rec *Record, s tileSums, line, lines, i int, x Shape, first4 int, dy bool) error {
	c4, rows := x.C4(), s.side
	w, to, rows4 := t.windows(In(i), x.Vectors()), s.v, s.rows4
	top, left, output := o.Pad[0], o.Pad[1], 0
	if dy {
		rows, top, left, to, rows4, output = o.Tile, 0, 0, s.m, s.k4, 1
	}
	set := []shaders.Setting{shaders.Int("TILE", o.Tile), shaders.Int("OUTPUT", output)}
	wide, high := s.across, 1
	if fits := w.fits(x[2] * c4); fits >= x[2]*c4 {
		high = (fits/(x[2]*c4)-1)/o.Tile + 1
	} else {
		wide = min(wide, (s.pixels(t, x)-s.side)/o.Tile+1)
	}
	for r := 0; r < lines; {
		n := min(high, lines-r)
		if x[1] != s.down*o.Tile { // rows of tiles of the next image are not as far away
			n = min(n, s.down-(line+r)%s.down)
		}
		first := (line+r)/s.down*x[1] + (line+r)%s.down*o.Tile - top // row of x, over all images
		for start := 0; start < s.across; start += wide {
			side := min(wide, s.across-start)
			u := convWeightRows{
				Tiles: uint32(n * side), Wide: uint32(side), Start: uint32(start), Line: uint32(line + r), Down: uint32(s.down),
				To: uint32(r*s.across + start), H: uint32(x[1]), W: uint32(x[2]), C4: uint32(c4),
				First4: uint32(first4), Rows4: uint32(rows4), Point: uint32(lines * s.across * rows4), Top: int32(top), Left: int32(left),
			}
			px, end := 0, x[2]
			if wide < s.across {
				px = max(0, start*o.Tile-left)
				end = max(px, min(x[2], (start+side)*o.Tile+2-left))
			}
			d := Dispatch{Shader: "convweight_rows.wgsl", Set: set}
			for j, at := range [6]*int32{&u.Row0, &u.Row1, &u.Row2, &u.Row3, &u.Row4, &u.Row5} {
				bind, _ := w.at(0, 0)
				above := max(0, first+j)
				below := min(x[0]*x[1], first+j+(n-1)*o.Tile+1)
				if j < rows && above < below && px < end {
					var begin int
					bind, begin = w.at((above*x[2]+px)*c4, ((below-1)*x[2]+end)*c4)
					*at = int32(begin - ((above-first-j)*x[2]+px)*c4)
				}
				d.Bind = append(d.Bind, bind)
			}
			d.Bind = append(d.Bind, to.operand)
			d.Uniform = u
			if err := rec.over(t, d, n*side*c4); err != nil {
				return err
			}
		}
		r += n
	}
	return nil
}

type convWeightRows struct {
	Tiles, Wide, Start, Line, Down, To, H, W, C4, First4, Rows4, Point uint32

	Top, Left, Row0, Row1, Row2, Row3, Row4, Row5 int32
}

// finish turns du into the gradient of the taps.
func (s tileSums) finish(t Target, rec *Record, tile int) error {
	rows, line := 4*s.rows4, s.side*s.k4
	most := s.u.fits(line) / line
	for row := 0; row < rows; row += most {
		n := min(most, rows-row)
		u := convWeightFinish{Rows: uint32(n), Row: uint32(row), K4: uint32(s.k4), Tap: uint32(rows * s.k4)}
		d := Dispatch{Shader: "convweight_finish.wgsl", Set: []shaders.Setting{shaders.Int("TILE", tile)}}
		for i, at := range [6]*uint32{&u.Begin0, &u.Begin1, &u.Begin2, &u.Begin3, &u.Begin4, &u.Begin5} {
			first := (min(i, s.side-1)*rows + row) * line
			bind, begin := s.u.at(first, first+n*line)
			d.Bind, *at = append(d.Bind, bind), uint32(begin)
		}
		d.Bind = append(d.Bind, Out(0))
		d.Uniform = u
		if err := rec.over(t, d, n*s.k4); err != nil {
			return err
		}
	}
	return nil
}

type convWeightFinish struct {
	Rows, Row, K4, Tap, Begin0, Begin1, Begin2, Begin3, Begin4, Begin5 uint32
}
