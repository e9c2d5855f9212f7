// What convweight_input.wgsl and convweight_output.wgsl do for rows of tiles, read through
// windows of uniform memory: for CPU adapters, which read uniforms many times as fast as
// storage.
//
// x0 to x5: window i holds row i of every row of tiles, the last two unused where TILE is
// 2 or OUTPUT is set; v: [SIDE*SIDE points, tiles of the pass, rows4 vectors], where the
// channels of x begin at vector first4. Settable: TILE (winograd.wgsl), OUTPUT (x is dy,
// and v = A d A^T). Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use winograd.wgsl

const OUTPUT: bool = false; //@set

struct Params {
  tiles: u32,   // of the dispatch
  wide: u32,    // side by side in it
  start: u32,   // the first of them, counted in its row
  line: u32,    // row of tiles that it begins with, over all images
  down: u32,    // rows of tiles of an image
  to: u32,      // the first tile, counted in the pass; the others follow it
  h: u32,
  w: u32,
  c4: u32,      // vectors of a pixel of x
  first4: u32,
  rows4: u32,
  point: u32,   // vectors of v from one point to the next
  top: i32,     // padding
  left: i32,
  row0: i32,    // where pixel 0 of a row lies in its window; it may lie before it
  row1: i32,
  row2: i32,
  row3: i32,
  row4: i32,
  row5: i32,
}

@group(0) @binding(0) var<uniform> x0: array<vec4f, 4096>;
@group(0) @binding(1) var<uniform> x1: array<vec4f, 4096>;
@group(0) @binding(2) var<uniform> x2: array<vec4f, 4096>;
@group(0) @binding(3) var<uniform> x3: array<vec4f, 4096>;
@group(0) @binding(4) var<uniform> x4: array<vec4f, 4096>;
@group(0) @binding(5) var<uniform> x5: array<vec4f, 4096>;
@group(0) @binding(6) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

var<private> columns: array<Line, 6>;  // of a tile, transformed

fn transform(d: Line) -> Line {
  if (OUTPUT) { return from_outputs(array<vec4f, 4>(d[0], d[1], d[2], d[3])); }
  return to_points(d);
}

// Column j of a tile whose first row is y; at is its place counted from pixel 0 of the row.
fn load(j: u32, px: i32, y: i32, at: i32) {
  let column = u32(px) < p.w;
  var d: Line;
//@for i 6
  if ($iu < select(SIDE, TILE, OUTPUT)) {
    let inside = column && u32(y + $i) < p.h;
    d[$i] = select(vec4f(0.0), x$i[select(0u, u32(p.row$i + at), inside)], inside);
  }
//@end
  columns[j] = transform(d);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item / p.c4;
  let c = item % p.c4;
  if (tile >= p.tiles) { return; }
  let line = tile / p.wide;
  let px = i32((p.start + tile % p.wide) * TILE) - p.left;
  let y = i32((p.line + line) % p.down * TILE) - p.top;
  let at = (i32(line * TILE * p.w) + px) * i32(p.c4) + i32(c);
//@for j 6
  if ($ju < select(SIDE, TILE, OUTPUT)) { load($ju, px + $j, y, at + $j * i32(p.c4)); }
//@end
  let out = (p.to + tile) * p.rows4 + p.first4 + c;
//@for i 6
  if ($iu < SIDE) {
    let points = transform(Line(columns[0][$i], columns[1][$i], columns[2][$i], columns[3][$i], columns[4][$i], columns[5][$i]));
//@for j 6
    if ($ju < SIDE) { v[out + ($iu * SIDE + $ju) * p.point] = points[$j]; }
//@end
  }
//@end
}
