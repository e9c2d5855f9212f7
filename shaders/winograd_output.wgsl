// The last of three steps of Winograd's convolution: y = act(A^T m A + bias) +
// residual of every tile m.
//
// m: [SIDE*SIDE points, tiles, K], the products of v (winograd_input.wgsl) and the
// weights; y: [N, OH, OW, K]. Tiles are counted over images, rows and columns of
// tiles; m holds those from tile start on. part: with MOMENTS, which goes with ACT 0,
// those of each tile, as moments_parts.wgsl leaves them of its runs; else never read.
// Settable: MOMENTS, TILE (winograd.wgsl), ACT, BIAS, RESIDUAL (matmul_epilogue.wgsl).
// Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use pixel.wgsl
//@use winograd.wgsl
//@use matmul_epilogue.wgsl

const MOMENTS: bool = false; //@set

struct Params {
  tiles: u32,
  start: u32,
  across: u32,     // tiles side by side in an image
  down: u32,
  oh: u32,
  ow: u32,
  channels: u32,   // of y
  channels4: u32,  // vectors of a pixel of y
}

@group(0) @binding(0) var<storage, read> m: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;  // in the list that epilogues share; not read
@group(0) @binding(5) var<storage, read_write> part: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

var<private> columns: array<array<vec4f, 4>, 6>;  // of a tile, transformed

// Moments of the tile so far, relative to its first value: as that is one of 16, the
// difference of squares at the end loses little even where it is an outlier.
var<private> count: f32;
var<private> pivot: vec4f;
var<private> sum: vec4f;
var<private> squares: vec4f;

fn load(j: u32, at: u32, plane: u32) {
  var line: Line;
  line[0] = m[at];
  line[1] = m[at + SIDE * plane];
  line[2] = m[at + 2u * SIDE * plane];
  line[3] = m[at + 3u * SIDE * plane];
  if (TILE > 2u) {
    line[4] = m[at + 4u * SIDE * plane];
    line[5] = m[at + 5u * SIDE * plane];
  }
  columns[j] = to_outputs(line);
}

// Ends pixel at of y, or leaves its value for the loop in main.
fn put(value: vec4f, pixel: u32, inside: bool, c: u32) {
  if (inside) {
    let at = pixel * p.channels4 + c;
    var v = value;
    if (ACT == 0u) { v = ended(value, at, c, p.channels); }
    y[at] = v;
    if (MOMENTS) {
      if (count == 0.0) { pivot = v; }
      let d = v - pivot;
      count += 1.0;
      sum += d;
      squares += d * d;
    }
  }
}

fn store(i: u32, pixel: u32, oy: u32, ox: u32, c: u32) {
  let line = to_outputs(Line(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]));
  let first = pixel + i * p.ow;
  let inside = oy + i < p.oh;
  put(line[0], first, inside, c);
  put(line[1], first + 1u, inside && ox + 1u < p.ow, c);
  if (TILE > 2u) {
    put(line[2], first + 2u, inside && ox + 2u < p.ow, c);
    put(line[3], first + 3u, inside && ox + 3u < p.ow, c);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item / p.channels4;
  let c = item % p.channels4;
  if (tile >= p.tiles) { return; }
  let plane = p.tiles * p.channels4;
  load(0u, item, plane);
  load(1u, item + plane, plane);
  load(2u, item + 2u * plane, plane);
  load(3u, item + 3u * plane, plane);
  if (TILE > 2u) {
    load(4u, item + 4u * plane, plane);
    load(5u, item + 5u * plane, plane);
  }
  let at = pixel_at(p.start + tile, p.down, p.across);
  let oy = at.y * TILE;
  let ox = at.z * TILE;
  let pixel = (at.x * p.oh + oy) * p.ow + ox;
  store(0u, pixel, oy, ox, c);
  store(1u, pixel, oy, ox, c);
  if (TILE > 2u) {
    store(2u, pixel, oy, ox, c);
    store(3u, pixel, oy, ox, c);
  }
  if (MOMENTS) {
    let k = ((p.start + tile) * p.channels4 + c) * 3u;
    part[k] = pivot;
    part[k + 1u] = sum / count;
    part[k + 2u] = (squares - sum * sum / count) / count;
  }
  // A loop that drivers do not unroll: compiled for every output, an activation
  // would take a driver seconds.
  if (ACT != 0u) {
    let width = min(TILE, p.ow - ox);
    for (var i = 0u; i < min(TILE, p.oh - oy) * width; i++) {
      let k = (pixel + i / width * p.ow + i % width) * p.channels4 + c;
      finish(y[k], k, c, p.channels);
    }
  }
}
