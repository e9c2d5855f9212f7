// Second of four steps of the gradient of Winograd's convolution by its weight:
// m = A d A^T of every tile d of dy.
//
// x: dy, [N, H, W, K]; m: [parts, SIDE*SIDE points, run, K]. Settable: TILE
// (winograd.wgsl). Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use convweight_tiles.wgsl

struct Params {
  tiles: u32,   // of the pass
  total: u32,   // of all images
  start: u32,
  across: u32,  // tiles side by side in an image
  down: u32,
  run: u32,
  rows: u32,    // of the weight, per tap
  first: u32,   // row of channel 0 of x
  h: u32,
  w: u32,
  c4: u32,      // vectors of a pixel of x
  top: i32,     // padding
  left: i32,
}

@group(0) @binding(1) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn load(j: u32, image: Image, y: i32, x0: i32, c: u32) {
  var d: array<vec4f, 4>;
  d[0] = value(image, y, x0, c);
  d[1] = value(image, y + 1, x0, c);
  if (TILE > 2u) {
    d[2] = value(image, y + 2, x0, c);
    d[3] = value(image, y + 3, x0, c);
  }
  columns[j] = from_outputs(d);
}

fn store(i: u32, at: u32) {
  let line = from_outputs(array<vec4f, 4>(columns[0][i], columns[1][i], columns[2][i], columns[3][i]));
  let plane = p.run * p.c4;
  let row = at + i * SIDE * plane;
  m[row] = line[0];
  m[row + plane] = line[1];
  m[row + 2u * plane] = line[2];
  m[row + 3u * plane] = line[3];
  if (TILE > 2u) {
    m[row + 4u * plane] = line[4];
    m[row + 5u * plane] = line[5];
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item / p.c4;
  let c = item % p.c4;
  if (tile >= p.tiles) { return; }
  let t = tile_at(tile);
  load(0u, t.image, t.y, t.x0, c);
  load(1u, t.image, t.y, t.x0 + 1, c);
  if (TILE > 2u) {
    load(2u, t.image, t.y, t.x0 + 2, c);
    load(3u, t.image, t.y, t.x0 + 3, c);
  }
  let out = (t.point * p.run + t.run) * p.c4 + c;
  store(0u, out);
  store(1u, out);
  store(2u, out);
  store(3u, out);
  if (TILE > 2u) {
    store(4u, out);
    store(5u, out);
  }
}
