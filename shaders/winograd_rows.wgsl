// What winograd_input.wgsl does for a row of tiles, read through windows of uniform
// memory: for CPU adapters, which read uniforms many times as fast as storage.
//
// x0 to x5: windows that hold the rows of the image that the tiles read, the last two
// unused where TILE is 2; v: [SIDE*SIDE points, parts, plane vectors], a part [tiles of
// the pass, chunk vectors of channels]. The channels of x begin at vector first4 of all
// parts. coef: with NORM what groupnorm_coef.wgsl leaves, else never read.
// Settable: TILE (winograd.wgsl), NORM, SILU, UP (source.wgsl).
// Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use winograd.wgsl
//@use source.wgsl


struct Params {
  tiles: u32,   // of the dispatch
  start: u32,   // the first of them, counted in the row
  to: u32,      // and counted in the pass
  inside: u32,  // bit i: row i is inside the image
  w: u32,       // of the image as it is read
  c4: u32,      // vectors of a pixel of x
  first4: u32,
  left: i32,    // padding
  chunk4: u32,
  plane: u32,
  points: u32,  // vectors of v from one point to the next
  coef: u32,    // vectors of coef before those of x in its image
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
@group(0) @binding(6) var<storage, read> coef: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(8) var<uniform> p: Params;

var<private> columns: array<Line, 6>;  // of a tile, transformed

fn load(j: u32, px: i32, c: u32) {
  let at = (px >> UP) * i32(p.c4) + i32(c);
  let column = u32(px) < p.w;
  let inside = vec4<bool>(
    column && (p.inside & 1u) != 0u, column && (p.inside & 2u) != 0u,
    column && (p.inside & 4u) != 0u, column && (p.inside & 8u) != 0u,
  );
  var d: Line;
  d[0] = select(vec4f(0.0), source(x0[select(0u, u32(p.row0 + at), inside.x)]), inside.x);
  d[1] = select(vec4f(0.0), source(x1[select(0u, u32(p.row1 + at), inside.y)]), inside.y);
  d[2] = select(vec4f(0.0), source(x2[select(0u, u32(p.row2 + at), inside.z)]), inside.z);
  d[3] = select(vec4f(0.0), source(x3[select(0u, u32(p.row3 + at), inside.w)]), inside.w);
  if (TILE > 2u) {
    let four = column && (p.inside & 16u) != 0u;
    let five = column && (p.inside & 32u) != 0u;
    d[4] = select(vec4f(0.0), source(x4[select(0u, u32(p.row4 + at), four)]), four);
    d[5] = select(vec4f(0.0), source(x5[select(0u, u32(p.row5 + at), five)]), five);
  }
  columns[j] = to_points(d);
}

fn store(i: u32, at: u32) {
  let line = to_points(Line(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]));
  let row = at + i * SIDE * p.points;
  v[row] = line[0];
  v[row + p.points] = line[1];
  v[row + 2u * p.points] = line[2];
  v[row + 3u * p.points] = line[3];
  if (TILE > 2u) {
    v[row + 4u * p.points] = line[4];
    v[row + 5u * p.points] = line[5];
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item / p.c4;
  let c = item % p.c4;
  if (tile >= p.tiles) { return; }
  if (NORM) {
    let k = p.coef + 3u * c;
    mean = coef[k];
    gain = coef[k + 1u];
    shift = coef[k + 2u];
  }
  let px = i32((p.start + tile) * TILE) - p.left;
  load(0u, px, c);
  load(1u, px + 1, c);
  load(2u, px + 2, c);
  load(3u, px + 3, c);
  if (TILE > 2u) {
    load(4u, px + 4, c);
    load(5u, px + 5, c);
  }
  let channel = p.first4 + c;
  let out = channel / p.chunk4 * p.plane + (p.to + tile) * p.chunk4 + channel % p.chunk4;
  store(0u, out);
  store(1u, out);
  store(2u, out);
  store(3u, out);
  if (TILE > 2u) {
    store(4u, out);
    store(5u, out);
  }
}
