package kernels

import "github.com/drdc-dev/drdc/shaders"

// rowTile sets rows.wgsl: a workgroup has rows rows of lanes invocations.
type rowTile struct{ rows, lanes int }

// newRowTile suits rows of the given number of vectors. A CPU adapter gets one
// invocation per row, because barriers cost it more than the row does.
func newRowTile(t Target, vectors int) rowTile {
	switch {
	case t.CPU:
		return rowTile{8, 1}
	case vectors <= 4:
		return rowTile{64, 1}
	case vectors <= 128:
		return rowTile{4, 16}
	}
	return rowTile{1, 64}
}

// wideTile is one row in a workgroup, for few long rows.
func wideTile(t Target) rowTile {
	if t.CPU {
		return rowTile{1, 8}
	}
	return rowTile{1, 64}
}

func (r rowTile) settings() []shaders.Setting {
	return []shaders.Setting{shaders.Int("ROWS", r.rows), shaders.Int("LANES", r.lanes), shaders.Int("THREADS", r.rows*r.lanes)}
}

// groups is the grid for a number of rows.
func (r rowTile) groups(t Target, rows int) ([3]uint32, error) {
	return t.Grid((rows + r.rows - 1) / r.rows)
}

// unread is the size of a temporary that stands at a binding which the variant
// of a shader never reads.
const unread = 16
