// du = the sum over tiles of the products of a vector of v and one of m, for every point:
// those of Winograd's convolution, whose sums become the gradient by its weight, or one
// for the gradient of a linear layer, whose tiles are pixels, or an image for each
// (kernels.Outer). The form for CPU adapters.
//
// v: [points, tiles, rows4 vectors]; m: [points, tiles, K]; du: [points, rows, K].
// Settable: ROWS, COLUMNS, ADD (outer_block.wgsl). Workgroup: 8 invocations, a block each.

//@use grid.wgsl
//@use outer_block.wgsl

struct Params {
  points: u32,
  tiles: u32,
  rows4: u32,
  k4: u32,
  row_tiles: u32,     // of ROWS vectors
  column_tiles: u32,  // of COLUMNS vectors
  rows: u32,          // of a point
  first: u32,         // where du begins
  line: u32,          // vectors of du from one row to the next
  side: u32,          // points in a row of them
  down: u32,          // vectors of du from one row of points to the next
  across: u32,        // and from one point to the next
  scale: f32,         // of the products
}

@group(0) @binding(0) var<storage, read> v: array<vec4f>;
@group(0) @binding(1) var<storage, read> m: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> du: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 8u + lid;
  let column = item % p.column_tiles * COLUMNS;
  let row = item / p.column_tiles % p.row_tiles * ROWS;
  let point = item / (p.column_tiles * p.row_tiles);
  if (point >= p.points) { return; }
  var a = point * p.tiles * p.rows4;
  var b = point * p.tiles * p.k4;
  for (var t = 0u; t < p.tiles; t++) {
//@for q COLUMNS
    right$q = m[b + min(column + $qu, p.k4 - 1u)];
//@end
//@for i ROWS
    accumulate$i(v[a + min(row + $iu, p.rows4 - 1u)]);
//@end
    a += p.rows4;
    b += p.k4;
  }
  store_block(row, column, p.first + point / p.side * p.down + point % p.side * p.across);
}
