package kernels

import "github.com/drdc-dev/drdc/shaders"

// outerProducts is, for every point, the sum over tiles of the products of a vector of v
// and one of m, as CPU adapters compute it.
type outerProducts struct {
	points, tiles int     // tiles of a point
	rows4, k4     int     // vectors of a tile of v and of m
	v, m          windows // [points, tiles, rows4 vectors], [points, tiles, k4 vectors]
	scale         float32 // of the products
	du            Operand // the sums
	rows          int     // of a point, within 4*rows4
	first, line   int     // where they begin there, in vectors; from a row to the next
	side          int     // points in a row of them
	down, across  int     // vectors from such a row to the next; from a point to the next
	add           bool    // to what du holds
}

// record goes through windows where they are fast and hold a few tiles.
func (o outerProducts) record(t Target, rec *Record) error {
	if t.Windows && o.part() >= 4 {
		return o.recordWindows(t, rec)
	}
	b := o.block(o.points, 70)
	return o.over(t, rec, o.points, b, Dispatch{
		Shader: "outer_points.wgsl",
		Bind:   []Operand{o.v.operand, o.m.operand, o.du},
		Uniform: struct {
			Points, Tiles, Rows4, K4, Row_Tiles, Column_Tiles, Rows, First, Line, Side, Down, Across uint32
			Scale                                                                                    float32
		}{
			uint32(o.points), uint32(o.tiles), uint32(o.rows4), uint32(o.k4),
			uint32(ceilDiv(o.rows4, b.rows)), uint32(ceilDiv(o.k4, b.columns)),
			uint32(o.rows), uint32(o.first), uint32(o.line), uint32(o.side), uint32(o.down), uint32(o.across), o.scale,
		},
	})
}

// over adds d over the blocks of some points.
func (o outerProducts) over(t Target, rec *Record, points int, b outerBlock, d Dispatch) error {
	d.Set = append(d.Set, shaders.Int("ROWS", b.rows), shaders.Int("COLUMNS", b.columns))
	if o.add {
		d.Set = append(d.Set, shaders.Int("ADD", 1))
	}
	var err error
	d.Groups, err = t.Grid(ceilDiv(points*ceilDiv(o.rows4, b.rows)*ceilDiv(o.k4, b.columns), 8))
	rec.Steps = append(rec.Steps, d)
	return err
}

// block is what an invocation sums up, such that two cores or more are busy; a load costs
// so many cycles for eight of them (registerBlock.cost).
func (o outerProducts) block(points, load int) (best outerBlock) {
	least := 0
	for _, rows := range []int{4, 2, 1} {
		for _, columns := range []int{4, 2, 1} {
			if rows > o.rows4 || columns > o.k4 {
				continue
			}
			groups := ceilDiv(points*ceilDiv(o.rows4, rows)*ceilDiv(o.k4, columns), 8)
			cost := ceilDiv(groups, 2) * (load*(rows+columns) + 21*rows*columns)
			if least == 0 || cost < least {
				best, least = outerBlock{rows, columns}, cost
			}
		}
	}
	return best
}

// part is the most tiles of a point that fit into windows wherever they begin.
func (o outerProducts) part() int { return min(o.v.fits(o.rows4)/o.rows4, o.m.fits(o.k4)/o.k4) }

// outerPairs is how many windows of v and of m a dispatch of outer_window.wgsl has.
const outerPairs = 3

// outerPair is what one of them holds of v and of m: tiles of some points.
type outerPair struct{ point, points, first, tiles int }

// recordWindows has a few points in a dispatch where all of their tiles fit into windows,
// else parts of the tiles of one point.
func (o outerProducts) recordWindows(t Target, rec *Record) error {
	vpoint, mpoint := o.tiles*o.rows4, o.tiles*o.k4
	if each := min(o.v.fits(vpoint)/vpoint, o.m.fits(mpoint)/mpoint, ceilDiv(o.points, outerPairs)); each > 0 {
		for first := 0; first < o.points; first += outerPairs * each {
			var pairs []outerPair
			for p := first; p < min(first+outerPairs*each, o.points); p += each {
				pairs = append(pairs, outerPair{p, min(each, o.points-p), 0, o.tiles})
			}
			if err := o.dispatch(t, rec, each, pairs); err != nil {
				return err
			}
		}
		return nil
	}
	part := ceilDiv(o.tiles, ceilDiv(o.tiles, o.part()))
	for point := range o.points {
		rest := o
		for first := 0; first < o.tiles; first += outerPairs * part {
			var pairs []outerPair
			for i := first; i < min(first+outerPairs*part, o.tiles); i += part {
				pairs = append(pairs, outerPair{point, 1, i, min(part, o.tiles-i)})
			}
			if err := rest.dispatch(t, rec, 0, pairs); err != nil {
				return err
			}
			rest.add = true
		}
	}
	return nil
}

// dispatch adds one for pairs of each points, or where each is 0 of one point all.
func (o outerProducts) dispatch(t Target, rec *Record, each int, pairs []outerPair) error {
	points := 1
	if each > 0 {
		points = pairs[len(pairs)-1].point + pairs[len(pairs)-1].points - pairs[0].point
	}
	b := o.block(points, 15)
	u := outerWindow{
		Points: uint32(points), Tiles: uint32(o.tiles), Rows4: uint32(o.rows4), K4: uint32(o.k4),
		Row_Tiles: uint32(ceilDiv(o.rows4, b.rows)), Column_Tiles: uint32(ceilDiv(o.k4, b.columns)),
		Rows: uint32(o.rows), First: uint32(o.first), Line: uint32(o.line), Side: uint32(o.side), Down: uint32(o.down), Across: uint32(o.across), Scale: o.scale,
		Point: uint32(pairs[0].point), Each: uint32(each),
	}
	var bind [2 * outerPairs]Operand
	for i, to := range [outerPairs][3]*uint32{{&u.Tiles0, &u.VBegin0, &u.MBegin0}, {&u.Tiles1, &u.VBegin1, &u.MBegin1}, {&u.Tiles2, &u.VBegin2, &u.MBegin2}} {
		if i >= len(pairs) {
			bind[i], bind[outerPairs+i] = bind[0], bind[outerPairs]
			continue
		}
		p := pairs[i]
		first := p.point*o.tiles + p.first
		end := first + (p.points-1)*o.tiles + p.tiles
		v, vbegin := o.v.at(first*o.rows4, end*o.rows4)
		m, mbegin := o.m.at(first*o.k4, end*o.k4)
		bind[i], bind[outerPairs+i] = v, m
		*to[0], *to[1], *to[2] = uint32(p.tiles), uint32(vbegin), uint32(mbegin)
	}
	loops := outerPairs // two shaders, not three
	if len(pairs) == 1 {
		loops = 1
	}
	return o.over(t, rec, points, b, Dispatch{
		Shader:  "outer_window.wgsl",
		Set:     []shaders.Setting{shaders.Int("PAIRS", loops)},
		Bind:    append(bind[:], o.du),
		Uniform: u,
	})
}

type outerWindow struct {
	Points, Tiles, Rows4, K4, Row_Tiles, Column_Tiles, Rows, First, Line, Side, Down, Across uint32

	Scale float32

	Point, Each uint32

	Tiles0, Tiles1, Tiles2, VBegin0, VBegin1, VBegin2, MBegin0, MBegin1, MBegin2 uint32
}
