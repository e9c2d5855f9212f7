// The first of three steps of Winograd's convolution: v = B^T d B of every tile d of
// an image.
//
// x: [N, H, W, C]; v: [SIDE*SIDE points, tiles, rows], where the channels of x
// begin at row first. Tiles are counted over images, rows and columns of tiles, and
// v holds those from tile start on. Settable: TILE (winograd.wgsl).
// Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use pixel.wgsl
//@use winograd.wgsl

struct Params {
  tiles: u32,
  start: u32,
  across: u32,  // tiles side by side in an image
  down: u32,
  h: u32,
  w: u32,
  c4: u32,      // vectors of a pixel of x
  rows4: u32,   // vectors of a tile of v
  first4: u32,
  top: i32,     // padding
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

var<private> columns: array<Line, 6>;  // of a tile, transformed

fn value(image: u32, y: i32, x0: i32, c: u32) -> vec4f {
  let inside = u32(y) < p.h && u32(x0) < p.w;
  let pixel = select(0u, image + u32(y) * p.w + u32(x0), inside);
  return select(vec4f(0.0), x[pixel * p.c4 + c], inside);
}

fn load(j: u32, image: u32, y: i32, x0: i32, c: u32) {
  var d: Line;
  d[0] = value(image, y, x0, c);
  d[1] = value(image, y + 1, x0, c);
  d[2] = value(image, y + 2, x0, c);
  d[3] = value(image, y + 3, x0, c);
  if (TILE > 2u) {
    d[4] = value(image, y + 4, x0, c);
    d[5] = value(image, y + 5, x0, c);
  }
  columns[j] = to_points(d);
}

fn store(i: u32, at: u32) {
  let line = to_points(Line(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]));
  let plane = p.tiles * p.rows4;
  let row = at + i * SIDE * plane;
  v[row] = line[0];
  v[row + plane] = line[1];
  v[row + 2u * plane] = line[2];
  v[row + 3u * plane] = line[3];
  if (TILE > 2u) {
    v[row + 4u * plane] = line[4];
    v[row + 5u * plane] = line[5];
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item / p.c4;
  let c = item % p.c4;
  if (tile >= p.tiles) { return; }
  let at = pixel_at(p.start + tile, p.down, p.across);
  let image = at.x * p.h * p.w;
  let y = i32(at.y * TILE) - p.top;
  let x0 = i32(at.z * TILE) - p.left;
  load(0u, image, y, x0, c);
  load(1u, image, y, x0 + 1, c);
  load(2u, image, y, x0 + 2, c);
  load(3u, image, y, x0 + 3, c);
  if (TILE > 2u) {
    load(4u, image, y, x0 + 4, c);
    load(5u, image, y, x0 + 5, c);
  }
  let out = tile * p.rows4 + p.first4 + c;
  store(0u, out);
  store(1u, out);
  store(2u, out);
  store(3u, out);
  if (TILE > 2u) {
    store(4u, out);
    store(5u, out);
  }
}
