// The product of two tiles in shared memory by 8 x 8 invocations, each with a
// block of matmul_block.wgsl: rows ty + 8i and column vectors tx + 8q of a tile
// of 8*ROWS rows and 8*COLUMNS vectors, ROWS at most 8 and COLUMNS at most 2.
// Shared memory: 8,192 bytes.

//@use matmul_block.wgsl

const STEP: u32 = 4u;  // vectors of four along the sum, per tile

var<workgroup> tile_a: array<vec4f, 256>;  // [STEP][8*ROWS]
var<workgroup> tile_b: array<vec4f, 256>;  // [4*STEP][8*COLUMNS]

fn multiply_tiles(lid: u32) {
  let tx = lid % 8u;
  let ty = lid / 8u;
  for (var k = 0u; k < STEP; k++) {
//@for q COLUMNS
//@for j 4
    block$q_$j = tile_b[(4u * k + $ju) * 8u * COLUMNS + tx + 8u * $qu];
//@end
//@end
//@for i ROWS
    accumulate$i(tile_a[k * 8u * ROWS + ty + 8u * $iu]);
//@end
  }
}

// Value n of the block, row by row: for a loop that drivers do not unroll.
fn value(n: u32) -> vec4f {
  var v: vec4f;
//@for i ROWS
//@for q COLUMNS
  if (n == $iu * COLUMNS + $qu) { v = acc$i_$q; }
//@end
//@end
  return v;
}
