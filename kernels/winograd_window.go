package kernels

import "github.com/drdc-dev/drdc/shaders"

// tilePlan is how Winograd goes through windows (window.go): passes over whole rows of
// tiles, and in each the channels in parts whose weights fit into a window.
type tilePlan struct {
	across, down int // tiles side by side in an image
	rows         int // of tiles, over all images
	pass         int // rows of tiles in a pass, fewer in the last
	part4, parts int // vectors of channels in a part
	plane        int // vectors of a part of the points' values
	half4        int // vectors of a tile's products at half of its points
	line         int // of all tiles of a pass
	most         int // tiles whose products at half of the points fit into a window
}

// plan lays out the tiles of y for the weight w. It is false where windows do not suit.
func (o Winograd) plan(t Target, x []Tensor, w, y Shape) (p tilePlan, ok bool) {
	rows4, k4 := w[2]/4, y.C4()
	p.across, p.down = ceilDiv(y[2], o.Tile), ceilDiv(y[1], o.Tile)
	p.rows = y[0] * p.down
	if p.part4 = min(rows4, t.windows(Operand{}, w.Vectors()).fits(4*k4)/(4*k4)); p.part4 < 1 {
		return p, false
	}
	p.parts = ceilDiv(rows4, p.part4)
	p.part4 = ceilDiv(rows4, p.parts)
	tiles := blocks(maxWindow / p.part4)
	p.pass = min(p.rows, max(1, tiles/p.across))
	p.plane = ceilDiv(p.pass*p.across*p.part4, t.alignment()) * t.alignment()
	p.half4 = w[0] / 2 * w[1] * k4
	p.line = ceilDiv(p.pass*p.across*p.half4, t.alignment()) * t.alignment()
	p.most = t.windows(Operand{}, p.products(w)).fits(p.half4) / p.half4
	for _, v := range x {
		if o.pixels(t, v.Shape) < o.Tile {
			return p, false
		}
	}
	if o.Residual {
		p.most = min(p.most, o.pixels(t, y)/o.Tile)
	}
	fits := 16*max(p.values(w), p.products(w)) <= t.StorageBinding
	return p, fits && min(tiles, p.most) > 0
}

// values and products are the vectors of all points of a pass, before and after the
// matmul.
func (p tilePlan) values(w Shape) int   { return w[0] * w[1] * p.parts * p.plane }
func (p tilePlan) products(w Shape) int { return 2 * p.line }

// pixels is how many pixels side by side, and two more, a window of x holds wherever it
// begins.
func (o Winograd) pixels(t Target, x Shape) int {
	return t.windows(Operand{}, x.Vectors()).fits(1)/x.C4() - 2
}

// blocks is n in whole blocks of the matmul: rows of that number begin aligned.
func blocks(n int) int { return n / 16 * 16 }

// recordWindows is Record for adapters with very fast uniforms; it is false where windows do not suit.
func (o Winograd) recordWindows(t Target, in, out []Tensor) (rec Record, ok bool, err error) {
	c, y := o.conv(), out[0].Shape
	w := in[c.weight()]
	w.Shape[0], w.Shape[1] = o.Tile+2, o.Tile+2
	points, rows4, k4 := w.Shape[0]*w.Shape[1], w.Shape[2]/4, y.C4()
	p, ok := o.plan(t, in[:c.sources()], w.Shape, y)
	if !t.WindowTransforms || w.Type != F32 || !ok {
		return Record{}, false, nil
	}
	values := t.windows(Temp(0), p.values(w.Shape))
	rec.Temps = []int{16 * values.vectors, 16 * p.products(w.Shape)}
	none, coef := In(c.weight()), In(c.weight())
	if o.Load.Norm {
		coef = In(c.sources())
	}
	bias, residual := In(c.weight()+1), In(len(in)-1)
	if !o.Bias {
		bias = none
	}
	weight, err := o.weights(t, &rec, w)
	if err != nil {
		return Record{}, true, err
	}
	weights := t.windows(weight, w.Shape.Vectors())
	for row := 0; row < p.rows; row += p.pass {
		pass := min(p.pass, p.rows-row)
		n := pass * p.across
		first4 := 0
		for i, x := range in[:c.sources()] {
			if err := o.recordRows(t, &rec, p, row, pass, In(i), x.Shape, first4, rows4, coef); err != nil {
				return Record{}, true, err
			}
			first4 += x.Shape.C4()
		}
		products := make([]windowProduct, points)
		for point := range products {
			term := windowTerm{a: values, first: point * p.parts * p.plane, stride4: p.part4, depth4: rows4, bfirst: point * rows4 * 4 * k4}
			products[point] = windowProduct{
				rows: n, columns: 4 * k4, terms: term.terms(p.part4, p.plane, k4), b: weights,
				y: Temp(1), yfirst: point/(points/2)*p.line + point%(points/2)*k4, ystride4: p.half4, bias: none, residual: none,
			}
		}
		if err := recordWindows(t, &rec, products); err != nil {
			return Record{}, true, err
		}
		if err := o.recordFinish(t, &rec, p, row, pass, w.Shape, y, bias, residual); err != nil {
			return Record{}, true, err
		}
	}
	return rec, true, nil
}

// recordRows transforms the rows of tiles of a pass, each cut so that the pixels of its
// tiles fit into the windows.
func (o Winograd) recordRows(t Target, rec *Record, p tilePlan, row, pass int, x Operand, s Shape, first4, rows4 int, coef Operand) error {
	c4, side, read, up := s.C4(), o.Tile+2, o.Load.as(s), 1
	if o.Load.Up {
		up = 2
	}
	w := t.windows(x, s.Vectors())
	most := o.pixels(t, s) / o.Tile
	for r := range pass {
		n, y := (row+r)/p.down, (row+r)%p.down*o.Tile-o.Pad[0]
		for start := 0; start < p.across; start += most {
			tiles := min(most, p.across-start)
			u := winogradRows{
				Tiles: uint32(tiles), Start: uint32(start), To: uint32(r*p.across + start),
				W: uint32(read[2]), C4: uint32(c4), First4: uint32(first4), Left: int32(o.Pad[1]),
				Chunk4: uint32(p.part4), Plane: uint32(p.plane), Points: uint32(p.parts * p.plane), Coef: uint32(3 * (n*rows4 + first4)),
			}
			px := max(0, start*o.Tile-o.Pad[1])
			end := min(read[2], (start+tiles)*o.Tile+2-o.Pad[1])
			d := Dispatch{Shader: "winograd_rows.wgsl", Set: append(o.Load.settings(), shaders.Int("TILE", o.Tile))}
			rows := [6]*int32{&u.Row0, &u.Row1, &u.Row2, &u.Row3, &u.Row4, &u.Row5}
			for i, at := range rows {
				bind, _ := w.at(0, 0)
				if i < side && y+i >= 0 && y+i < read[1] && px < end {
					line, first, begin := (n*s[1]+(y+i)/up)*s[2], px/up, 0
					bind, begin = w.at((line+first)*c4, (line+ceilDiv(end, up))*c4)
					*at = int32(begin - first*c4)
					u.Inside |= 1 << i
				}
				d.Bind = append(d.Bind, bind)
			}
			d.Bind = append(d.Bind, coef, Temp(0))
			d.Uniform = u
			if err := rec.over(t, d, tiles*c4); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordFinish ends the tiles of a pass, row by row.
func (o Winograd) recordFinish(t Target, rec *Record, p tilePlan, row, pass int, w, y Shape, bias, residual Operand) error {
	k4 := y.C4()
	m := t.windows(Temp(1), p.products(w))
	r := m // bound and not read
	if o.Residual {
		r = t.windows(residual, y.Vectors())
	}
	set := append(o.conv().epilogue().settings(F32), shaders.Int("TILE", o.Tile))
	for i := range pass {
		n, oy := (row+i)/p.down, (row+i)%p.down*o.Tile
		for start := 0; start < p.across; start += p.most {
			tiles := min(p.most, p.across-start)
			u := winogradFinish{
				Tiles: uint32(tiles), Start: uint32(start), Rows: uint32(min(o.Tile, y[1]-oy)), Pixel: uint32((n*y[1] + oy) * y[2]),
				OW: uint32(y[2]), Channels: uint32(y[3]), Channels4: uint32(k4),
			}
			d := Dispatch{Shader: "winograd_finish.wgsl", Set: set}
			for j, at := range [2]*uint32{&u.Begin0, &u.Begin1} {
				first := j*p.line + (i*p.across+start)*p.half4
				bind, begin := m.at(first, first+tiles*p.half4)
				d.Bind, *at = append(d.Bind, bind), uint32(begin)
			}
			px, end := start*o.Tile, min(y[2], (start+tiles)*o.Tile)
			for j, at := range [4]*int32{&u.Row0, &u.Row1, &u.Row2, &u.Row3} {
				bind, _ := r.at(0, 0)
				if o.Residual && j < int(u.Rows) {
					line, begin := (n*y[1]+oy+j)*y[2], 0
					bind, begin = r.at((line+px)*k4, (line+end)*k4)
					*at = int32(begin - px*k4)
				}
				d.Bind = append(d.Bind, bind)
			}
			d.Bind = append(d.Bind, bias, Out(0))
			d.Uniform = u
			if err := rec.over(t, d, tiles*k4); err != nil {
				return err
			}
		}
	}
	return nil
}

type winogradFinish struct {
	Tiles, Start, Begin0, Begin1, Rows, Pixel, OW, Channels, Channels4 uint32

	Row0, Row1, Row2, Row3 int32
}

type winogradRows struct {
	Tiles, Start, To, Inside, W, C4, First4 uint32

	Left                               int32
	Chunk4, Plane, Points, Coef        uint32
	Row0, Row1, Row2, Row3, Row4, Row5 int32
}
