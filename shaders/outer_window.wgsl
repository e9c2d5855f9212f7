// What outer_points.wgsl does, read through windows of uniform memory.
//
// v0 to v2 and m0 to m2: windows of [points, tiles, rows4 vectors] and [points, tiles, K]
// in pairs: each of one point, or, where each is set, of so many points; du as there.
// Settable: PAIRS (1 or 3), ROWS, COLUMNS, ADD (outer_block.wgsl). Workgroup: 8
// invocations, a block each.

//@use grid.wgsl
//@use outer_block.wgsl

const PAIRS: u32 = 3u; //@set

struct Params {
  points: u32,        // of the dispatch
  tiles: u32,         // from a point to the next
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
  point: u32,         // the first
  each: u32,          // points of a pair; 0: all pairs are parts of one point's sum
  tiles0: u32,        // of the pairs, per point
  tiles1: u32,
  tiles2: u32,
  vbegin0: u32,       // where they begin in their windows
  vbegin1: u32,
  vbegin2: u32,
  mbegin0: u32,
  mbegin1: u32,
  mbegin2: u32,
}

@group(0) @binding(0) var<uniform> v0: array<vec4f, 4096>;
@group(0) @binding(1) var<uniform> v1: array<vec4f, 4096>;
@group(0) @binding(2) var<uniform> v2: array<vec4f, 4096>;
@group(0) @binding(3) var<uniform> m0: array<vec4f, 4096>;
@group(0) @binding(4) var<uniform> m1: array<vec4f, 4096>;
@group(0) @binding(5) var<uniform> m2: array<vec4f, 4096>;
@group(0) @binding(6) var<storage, read_write> du: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 8u + lid;
  let column = item % p.column_tiles * COLUMNS;
  let row = item / p.column_tiles % p.row_tiles * ROWS;
  let point = item / (p.column_tiles * p.row_tiles);
  if (point >= p.points) { return; }
//@for w PAIRS
  {
    let own = p.each == 0u || point / max(p.each, 1u) == $wu;
    let number = select(0u, point - $wu * p.each, p.each > 0u);
    let tiles = select(0u, p.tiles$w, own);
    var a = p.vbegin$w + number * p.tiles * p.rows4;
    var b = p.mbegin$w + number * p.tiles * p.k4;
    for (var t = 0u; t < tiles; t++) {
//@for q COLUMNS
      right$q = m$w[b + min(column + $qu, p.k4 - 1u)];
//@end
//@for i ROWS
      accumulate$i(v$w[a + min(row + $iu, p.rows4 - 1u)]);
//@end
      a += p.rows4;
      b += p.k4;
    }
  }
//@end
  let at = p.point + point;
  store_block(row, column, p.first + at / p.side * p.down + at % p.side * p.across);
}
