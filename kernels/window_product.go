package kernels

import "github.com/drdc-dev/drdc/shaders"

// windowParts is how many windows of b a dispatch of matmul_window.wgsl has.
const windowParts = 4

// windowProduct is y = act(a b + bias) + residual through windows. The sum goes over
// depth4 vectors of K in parts of part4, fewer in the last; a part of b, part4*4 rows of
// columns, fits into a window.
type windowProduct struct {
	rows, stride4        int // of a; stride4: vectors from a row to the next
	a                    windows
	afirst               int // vectors
	depth4, part4, plane int // plane: vectors of a from a part to the next
	b                    windows
	bfirst, columns      int
	y                    Operand
	yfirst, ystride4     int
	end                  epilogue
	bias, residual       Operand // where end has none: another operand that no dispatch writes
}

// fit is how many parts of K a dispatch takes, and how many rows, in whole blocks, so that
// it does the most; no rows where not even sixteen of them fit into a window of a.
func (m windowProduct) fit() (parts, rows int) {
	all := ceilDiv(m.depth4, m.part4)
	for n := min(windowParts, all); n > 0; n-- {
		step := m.afirst
		if n < all {
			step |= n * m.plane
		}
		r := (m.a.fits(step)-m.span(n, 1))/m.stride4 + 1
		if r < m.rows {
			step |= 16 * m.stride4 // where the next rows begin
			r = blocks((m.a.fits(step)-m.span(n, 1))/m.stride4 + 1)
		}
		if r = min(r, m.rows); r*n > rows*parts {
			parts, rows = n, r
		}
	}
	return parts, rows
}

// span is the vectors of a from its first row to its last, of some parts.
func (m windowProduct) span(parts, rows int) int {
	return (rows-1)*m.stride4 + (parts-1)*m.plane + m.part4
}

// record adds a dispatch for each window of a and four parts of K, which adds to what y
// holds, or to what the dispatch before has stored. It returns ErrLimit where a window
// holds no rows.
func (m windowProduct) record(t Target, rec *Record, add bool) error {
	columns4 := ceilDiv(m.columns, 4)
	block := windowBlock(m.rows, columns4)
	take, fit := m.fit()
	if fit == 0 {
		return ErrLimit
	}
	for part := 0; part*m.part4 < m.depth4; part += take {
		parts := min(take, ceilDiv(m.depth4, m.part4)-part)
		last4 := min(m.part4, m.depth4-(part+parts-1)*m.part4)
		loops := windowParts // two shaders, not four: a driver compiles each for a second
		if parts == 1 {
			loops = 1
		}
		e := epilogue{}
		bias, residual := m.bias, m.residual
		if (part+parts)*m.part4 >= m.depth4 {
			e = m.end
		}
		for row := 0; row < m.rows; row += fit {
			rows := min(fit, m.rows-row)
			first := m.afirst + part*m.plane + row*m.stride4
			u := matmulWindow{
				Rows: uint32(rows), Parts: uint32(parts), K4: uint32(m.part4), Last4: uint32(last4), Stride4: uint32(m.stride4), Plane: uint32(m.plane),
				Columns: uint32(m.columns), Columns4: uint32(columns4),
				First: uint32(m.yfirst + row*m.ystride4), YStride4: uint32(m.ystride4), ColTiles: uint32(block.columnTiles(columns4)),
			}
			abind, abegin := m.a.at(first, first+(rows-1)*m.stride4+(parts-1)*m.plane+last4)
			u.ABegin = uint32(abegin)
			var b [windowParts]Operand
			for i, begin := range [windowParts]*uint32{&u.BBegin0, &u.BBegin1, &u.BBegin2, &u.BBegin3} {
				at := m.bfirst + (part+min(i, parts-1))*m.part4*4*columns4
				bind, start := m.b.at(at, min(at+m.part4*4*columns4, m.bfirst+m.depth4*4*columns4))
				b[i], *begin = bind, uint32(start)
			}
			d := Dispatch{
				Shader:  "matmul_window.wgsl",
				Set:     append(block.settings(), shaders.Int("A", m.a.length), shaders.Int("B", m.b.length), shaders.Int("PARTS", loops)),
				Bind:    []Operand{abind, b[0], bias, residual, m.y, b[1], b[2], b[3]},
				Uniform: u,
			}
			if add || part > 0 {
				d.Set = append(d.Set, shaders.Int("ADD", 1))
			}
			if err := e.add(t, rec, d, F32, block.groups(ceilDiv(rows, block.rows), columns4)); err != nil {
				return err
			}
		}
	}
	return nil
}

type matmulWindow struct {
	Rows, Parts, K4, Last4, Stride4, Plane, Columns, Columns4, ABegin, BBegin0, BBegin1, BBegin2, BBegin3, First, YStride4, ColTiles uint32
}

// pointwise is y = act(x w + bias) + residual, x being sources side by side: a 1x1
// convolution or a linear layer.
type pointwise struct {
	sources []Tensor // the first inputs, of the same pixels
	weight  Tensor   // the next input: [1, 1, rows, K], rows for the padded channels
	end     epilogue // whose bias and residual follow
}

// recordWindows is false where windows do not suit.
func (o pointwise) recordWindows(t Target, y Shape) (rec Record, ok bool, err error) {
	pixels, k4, rows4 := y.Pixels(), y.C4(), 0
	for _, x := range o.sources {
		rows4 += x.Shape.C4()
	}
	// A few rows are not worth more than the one shader that all such layers share.
	if !t.Windows || o.weight.Type != F32 || o.weight.Shape[2] != 4*rows4 || pixels < 64 {
		return Record{}, false, nil
	}
	w := len(o.sources)
	b := t.windows(In(w), o.weight.Shape.Vectors())
	part4 := b.fits(4*k4) / (4 * k4)
	if part4 < 1 {
		return Record{}, false, nil
	}
	bias, residual := In(w), In(w)
	if o.end.bias {
		bias = In(w + 1)
	}
	if o.end.residual {
		residual = In(w + len(epilogueTypes(nil, o.end.bias, true)))
	}
	var products []windowProduct
	first4 := 0
	for i, x := range o.sources {
		c4 := x.Shape.C4()
		m := windowProduct{
			rows: pixels, stride4: c4, a: t.windows(In(i), x.Shape.Vectors()), depth4: c4,
			b: b, bfirst: first4 * 4 * k4, columns: y[3], y: Out(0), ystride4: k4, bias: bias, residual: residual,
		}
		m.part4 = ceilDiv(c4, ceilDiv(c4, part4))
		m.plane = m.part4
		if i == w-1 {
			m.end = o.end
		}
		if _, rows := m.fit(); rows == 0 {
			return Record{}, false, nil
		}
		products, first4 = append(products, m), first4+c4
	}
	for i, m := range products {
		if err := m.record(t, &rec, i > 0); err != nil {
			return Record{}, true, err
		}
	}
	return rec, true, nil
}
