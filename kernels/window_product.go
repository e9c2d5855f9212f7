package kernels

import "github.com/drdc-dev/drdc/shaders"

// windowSections is how many products, or terms of one, a dispatch of matmul_window.wgsl has.
const windowSections = 3

// windowProduct is y = act(a b + bias) + residual through windows: a sum of terms.
type windowProduct struct {
	rows, columns    int
	terms            []windowTerm
	b                windows
	y                Operand
	yfirst, ystride4 int // vectors
	end              epilogue
	bias, residual   Operand // where end has none: another operand that no dispatch writes
}

// windowTerm is a part of the sum over K: depth4 vectors of it, whose 4*depth4 rows of b fit
// into a window.
type windowTerm struct {
	a       windows
	first   int // vectors, of a's first row
	stride4 int // from a row to the next
	depth4  int
	bfirst  int
}

// terms cuts what a row of a has in depth4 vectors into parts of part4 and fewer in the
// last; plane: vectors of a from a part to the next.
func (m windowTerm) terms(part4, plane, columns4 int) []windowTerm {
	var list []windowTerm
	for at, left := m, m.depth4; left > 0; left -= part4 {
		at.depth4 = min(part4, left)
		list = append(list, at)
		at.first += plane
		at.bfirst += 4 * part4 * columns4
	}
	return list
}

// fits is how many rows a window of a holds, all of them or whole blocks.
func (m windowTerm) fits(rows int) int {
	if n := (m.a.fits(m.first)-m.depth4)/m.stride4 + 1; n >= rows {
		return rows
	}
	return blocks((m.a.fits(m.first|16*m.stride4)-m.depth4)/m.stride4 + 1)
}

// suits is whether windows hold rows of all terms.
func (m windowProduct) suits() bool {
	for _, term := range m.terms {
		if term.fits(m.rows) == 0 {
			return false
		}
	}
	return true
}

// windowSection is a term of some rows.
type windowSection struct {
	windowTerm
	row, rows int
	product   windowProduct
}

// recordWindows adds the dispatches of products that differ only in what of a and b they
// multiply and where y has it. Three terms of a product go into one dispatch, which adds to
// what the ones before have stored, or one term of three. It returns ErrLimit where a window
// holds no rows.
func recordWindows(t Target, rec *Record, products []windowProduct) error {
	terms := len(products[0].terms)
	for first, last := 0, 0; first < terms; first = last {
		for last = first; last < min(terms, first+windowSections); last++ {
		}
		var sections []windowSection // of the next dispatch
		flush := func(sum bool) error {
			if len(sections) == 0 {
				return nil
			}
			d := windowDispatch{sections: sections, sum: sum, add: first > 0, end: last == terms}
			sections = nil
			return d.record(t, rec)
		}
		for _, m := range products {
			fit := m.rows
			for _, term := range m.terms[first:last] {
				fit = min(fit, term.fits(m.rows))
			}
			if fit == 0 {
				return ErrLimit
			}
			if n := ceilDiv(m.rows, fit); n > 1 {
				fit = blocks(ceilDiv(m.rows, n) + 15)
			}
			for row := 0; row < m.rows; row += fit {
				for _, term := range m.terms[first:last] {
					sections = append(sections, windowSection{term, row, min(fit, m.rows-row), m})
				}
				if sum := last-first > 1; sum || len(sections) == windowSections {
					if err := flush(sum); err != nil {
						return err
					}
				}
			}
		}
		if err := flush(false); err != nil {
			return err
		}
	}
	return nil
}

// windowDispatch is a dispatch of matmul_window.wgsl: one to three sections.
type windowDispatch struct {
	sections []windowSection
	sum, add bool
	end      bool // the epilogue comes with it
}

func (d windowDispatch) record(t Target, rec *Record) error {
	m := d.sections[0].product
	columns4, rows := ceilDiv(m.columns, 4), 0
	for _, s := range d.sections {
		rows = max(rows, s.rows)
	}
	block := windowBlock(rows, columns4)
	e := epilogue{}
	if d.end {
		e = m.end
	}
	u := matmulWindow{
		Columns: uint32(m.columns), Columns4: uint32(columns4), YStride4: uint32(m.ystride4), ColTiles: uint32(block.columnTiles(columns4)), Lanes: uint32(block.lanes),
		Tiles: uint32(block.groups(ceilDiv(rows, block.rows), columns4)), Sum: flag(d.sum), Add: flag(d.add), Bias: flag(e.bias), Residual: flag(e.residual),
	}
	var bind [2 * windowSections]Operand
	for i, to := range [windowSections][6]*uint32{
		{&u.Rows0, &u.Depth0, &u.Stride0, &u.ABegin0, &u.BBegin0, &u.First0},
		{&u.Rows1, &u.Depth1, &u.Stride1, &u.ABegin1, &u.BBegin1, &u.First1},
		{&u.Rows2, &u.Depth2, &u.Stride2, &u.ABegin2, &u.BBegin2, &u.First2},
	} {
		if i >= len(d.sections) {
			bind[2*i], bind[2*i+1] = bind[0], bind[1]
			continue
		}
		s := d.sections[i]
		first := s.first + s.row*s.stride4
		a, abegin := s.a.at(first, first+(s.rows-1)*s.stride4+s.depth4)
		b, bbegin := s.product.b.at(s.bfirst, s.bfirst+4*s.depth4*columns4)
		bind[2*i], bind[2*i+1] = a, b
		for j, v := range []int{s.rows, s.depth4, s.stride4, abegin, bbegin, s.product.yfirst + s.row*m.ystride4} {
			*to[j] = uint32(v)
		}
	}
	groups := int(u.Tiles)
	if !d.sum {
		groups *= len(d.sections)
	}
	grid, err := t.Grid(groups)
	if err != nil {
		return err
	}
	rec.Steps = append(rec.Steps, Dispatch{
		Shader:  "matmul_window.wgsl",
		Set:     append(block.settings(), shaders.Int("ACT", int(e.act))),
		Bind:    []Operand{bind[0], bind[1], m.bias, m.residual, m.y, bind[2], bind[3], bind[4], bind[5]},
		Uniform: u,
		Groups:  grid,
	})
	return nil
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

type matmulWindow struct {
	Rows0, Rows1, Rows2, Depth0, Depth1, Depth2, Stride0, Stride1, Stride2        uint32
	ABegin0, ABegin1, ABegin2, BBegin0, BBegin1, BBegin2, First0, First1, First2  uint32
	Columns, Columns4, YStride4, ColTiles, Lanes, Tiles, Sum, Add, Bias, Residual uint32
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
	if !t.Windows || o.weight.Type != F32 || o.weight.Shape[2] != 4*rows4 || pixels < 32 {
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
	m := windowProduct{rows: pixels, columns: y[3], b: b, y: Out(0), ystride4: k4, end: o.end, bias: bias, residual: residual}
	first4 := 0
	for i, x := range o.sources {
		c4 := x.Shape.C4()
		part := ceilDiv(c4, ceilDiv(c4, part4))
		term := windowTerm{a: t.windows(In(i), x.Shape.Vectors()), stride4: c4, depth4: c4, bfirst: first4 * 4 * k4}
		m.terms = append(m.terms, term.terms(part, part, k4)...)
		first4 += c4
	}
	if !m.suits() {
		return Record{}, false, nil
	}
	err = recordWindows(t, &rec, []windowProduct{m})
	return rec, true, err
}
