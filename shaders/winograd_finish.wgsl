// What winograd_output.wgsl does for a row of tiles, read through windows of uniform
// memory: for CPU adapters, which read uniforms many times as fast as storage.
//
// m0, m1: windows that hold, for half of the rows of points each, [tiles, SIDE*SIDE/2
// points, K]; r0 to r3: windows of the rows of the residual that the tiles end; bias:
// [1, 1, 1, K]; y: [N, OH, OW, K]. What is not set is bound and not read. Eight uniform
// bindings are too many for Mesa 22.3, whose memory they corrupt.
// Settable: TILE (winograd.wgsl), ACT (activation.wgsl), BIAS, RESIDUAL.
// Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use winograd.wgsl
//@use channels.wgsl
//@use activation.wgsl

const BIAS: bool = false; //@set
const RESIDUAL: bool = false; //@set

struct Params {
  tiles: u32,      // of the dispatch
  start: u32,      // the first of them, counted in the row
  begin0: u32,     // where it lies in its windows
  begin1: u32,
  rows: u32,       // of pixels that the tiles have in y
  pixel: u32,      // the first of the row
  ow: u32,
  channels: u32,   // of y
  channels4: u32,  // vectors of a pixel of y
  row0: i32,       // where pixel 0 of a row lies in its window; it may lie before it
  row1: i32,
  row2: i32,
  row3: i32,
}

@group(0) @binding(0) var<uniform> m0: array<vec4f, 4096>;
@group(0) @binding(1) var<uniform> m1: array<vec4f, 4096>;
@group(0) @binding(2) var<uniform> r0: array<vec4f, 4096>;
@group(0) @binding(3) var<uniform> r1: array<vec4f, 4096>;
@group(0) @binding(4) var<uniform> r2: array<vec4f, 4096>;
@group(0) @binding(5) var<uniform> r3: array<vec4f, 4096>;
@group(0) @binding(6) var<storage, read> bias: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(8) var<uniform> p: Params;

var<private> columns: array<array<vec4f, 4>, 6>;  // of a tile, transformed

fn load(j: u32, at: u32) {
  let at0 = p.begin0 + at;
  let at1 = p.begin1 + at;
  let row = SIDE * p.channels4;
  if (TILE == 2u) {
    columns[j] = to_outputs(Line(m0[at0], m0[at0 + row], m1[at1], m1[at1 + row], vec4f(0.0), vec4f(0.0)));
  } else {
    columns[j] = to_outputs(Line(m0[at0], m0[at0 + row], m0[at0 + 2u * row], m1[at1], m1[at1 + row], m1[at1 + 2u * row]));
  }
}

// The residual of a pixel of row i; at is its place counted from pixel 0.
fn residual(i: u32, at: i32) -> vec4f {
  if (i == 0u) { return r0[u32(p.row0 + at)]; }
  if (i == 1u) { return r1[u32(p.row1 + at)]; }
  if (i == 2u) { return r2[u32(p.row2 + at)]; }
  return r3[u32(p.row3 + at)];
}

// Ends pixel x of row i of y, or leaves its value for the loop in main.
fn put(value: vec4f, i: u32, x: u32, c: u32) {
  if (i < p.rows && x < p.ow) {
    var v = value;
    if (RESIDUAL && ACT == 0u) { v += residual(i, i32(x * p.channels4 + c)); }
    y[(p.pixel + i * p.ow + x) * p.channels4 + c] = keep_channels(v, 4u * c, p.channels);
  }
}

fn store(i: u32, x: u32, c: u32, b: vec4f) {
  let line = to_outputs(Line(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]));
  put(line[0] + b, i, x, c);
  put(line[1] + b, i, x + 1u, c);
  if (TILE > 2u) {
    put(line[2] + b, i, x + 2u, c);
    put(line[3] + b, i, x + 3u, c);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item / p.channels4;
  let c = item % p.channels4;
  if (tile >= p.tiles) { return; }
  let at = tile * SIDE / 2u * SIDE * p.channels4 + c;
  load(0u, at);
  load(1u, at + p.channels4);
  load(2u, at + 2u * p.channels4);
  load(3u, at + 3u * p.channels4);
  if (TILE > 2u) {
    load(4u, at + 4u * p.channels4);
    load(5u, at + 5u * p.channels4);
  }
  var b = vec4f(0.0);
  if (BIAS) { b = bias[c]; }
  let x = (p.start + tile) * TILE;
  store(0u, x, c, b);
  store(1u, x, c, b);
  if (TILE > 2u) {
    store(2u, x, c, b);
    store(3u, x, c, b);
  }
  // A loop that drivers do not unroll: compiled for every output, an activation
  // would take a driver seconds.
  if (ACT != 0u) {
    let width = min(TILE, p.ow - x);
    for (var i = 0u; i < p.rows * width; i++) {
      let row = i / width;
      let column = x + i % width;
      let k = (p.pixel + row * p.ow + column) * p.channels4 + c;
      var v = activate(y[k]);
      if (RESIDUAL) { v += residual(row, i32(column * p.channels4 + c)); }
      y[k] = keep_channels(v, 4u * c, p.channels);
    }
  }
}
