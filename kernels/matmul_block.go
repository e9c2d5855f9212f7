package kernels

import "github.com/drdc-dev/drdc/shaders"

// registerBlock is what one invocation of matmul.wgsl or conv2d.wgsl computes:
// rows of columns vectors of four; for an image the rows are pixels, width of them
// side by side. Lanes of the eight invocations of a workgroup lie side by side
// over columns, the others over rows.
type registerBlock struct{ rows, columns, width, lanes int }

// The cost of a step of the sum on lavapipe is nearly all in its loads, 70 cycles
// for eight invocations; sixteen multiply-adds cost 21.
func (b registerBlock) cost() int {
	return 70*(b.rows+4*b.columns) + 21*b.rows*b.columns
}

// chooseBlock is the candidate with the least cost for blocks(b) blocks of rows. Four
// vectors of columns are a quarter faster than two and compile for half a second
// longer: they are for operations with work for hundreds of them.
func chooseBlock(candidates []registerBlock, columns4 int, blocks func(b registerBlock) int) registerBlock {
	var best registerBlock
	least := 0
	for _, b := range candidates {
		wide := 2
		if blocks(b)*ceilDiv(columns4, 4) >= 256 {
			wide = 4
		}
		for b.columns = 1; b.columns <= min(wide, columns4); b.columns++ {
			if cost := blocks(b) * ceilDiv(columns4, b.columns) * b.cost(); least == 0 || cost < least {
				best, least = b, cost
			}
		}
	}
	// The largest power of two that leaves no invocation without columns.
	tiles := ceilDiv(columns4, best.columns)
	best.lanes = min(8, tiles&-tiles)
	return best
}

func rowBlock(batches, rows, columns4 int) registerBlock {
	return chooseBlock([]registerBlock{{rows: 16}, {rows: 14}, {rows: 8}, {rows: 4}, {rows: 1}}, columns4,
		func(b registerBlock) int { return batches * ceilDiv(rows, b.rows) })
}

// windowBlock is rowBlock for matmul_window.wgsl, where a load costs a fifth. Eight rows of
// four vectors are a little faster than sixteen of two, and compile as fast; sixteen of four
// are no faster and compile three times as long.
func windowBlock(rows, columns4 int) registerBlock {
	best, least := registerBlock{}, 0
	for _, b := range []registerBlock{{rows: 8}, {rows: 16}, {rows: 4}} {
		for b.columns = 1; b.columns <= min(32/b.rows, 4, columns4); b.columns++ {
			cost := ceilDiv(rows, b.rows) * ceilDiv(columns4, b.columns) * (15*(b.rows+4*b.columns) + 19*b.rows*b.columns)
			if least == 0 || cost < least {
				best, least = b, cost
			}
		}
	}
	tiles := ceilDiv(columns4, best.columns)
	best.lanes = min(8, tiles&-tiles)
	return best
}

func imageBlock(y Shape) registerBlock {
	return chooseBlock([]registerBlock{{rows: 16, width: 8}, {rows: 14, width: 7}, {rows: 14, width: 14}, {rows: 16, width: 4}, {rows: 4, width: 2}, {rows: 4, width: 4}, {rows: 1, width: 1}}, y.C4(),
		func(b registerBlock) int { return ceilDiv(y[1], b.rows/b.width) * ceilDiv(y[2], b.width) })
}

// columnTiles is the number of workgroups side by side over columns.
func (b registerBlock) columnTiles(columns4 int) int { return ceilDiv(columns4, b.columns*b.lanes) }

// groups is the number of workgroups for so many blocks of rows.
func (b registerBlock) groups(blocks, columns4 int) int {
	return ceilDiv(blocks, 8/b.lanes) * b.columnTiles(columns4)
}

func (b registerBlock) settings() []shaders.Setting {
	return []shaders.Setting{shaders.Int("ROWS", b.rows), shaders.Int("COLUMNS", b.columns)}
}

// sharedBlock is what one of the 64 invocations of matmul_tile.wgsl or
// conv2d_tile.wgsl computes: 64x64 values per workgroup, less where that would
// leave most of a GPU idle or compute mostly padding.
func sharedBlock(rows, batches, columns4 int) registerBlock {
	b := registerBlock{rows: 8, columns: 2}
	if columns4 <= 8 {
		b.columns = 1
	}
	if rows <= 32 || batches*ceilDiv(rows, 64)*ceilDiv(columns4, 8*b.columns) < 128 {
		b.rows, b.columns = 4, 1
	}
	return b
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func pad4(n int) int { return (n + 3) &^ 3 }
