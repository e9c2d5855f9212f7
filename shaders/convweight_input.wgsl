// First of four steps of the gradient of Winograd's convolution by its weight:
// v = B^T d B of every tile d of an image, as winograd_input.wgsl, with tiles innermost
// so that the sum over them is a product of matrices.
//
// x: [N, H, W, C]; v: [parts, SIDE*SIDE points, rows, run], where the channels of x begin
// at row first. Settable: TILE (winograd.wgsl). Workgroup: 64 invocations, one tile of a
// vector of channels each.

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

@group(0) @binding(1) var<storage, read_write> v: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn put(value: vec4f, at: u32) {
  v[at] = value.x;
  v[at + p.run] = value.y;
  v[at + 2u * p.run] = value.z;
  v[at + 3u * p.run] = value.w;
}

fn store(i: u32, at: u32) {
  let line = points(i);
  let plane = p.rows * p.run;
  let row = at + i * SIDE * plane;
  put(line[0], row);
  put(line[1], row + plane);
  put(line[2], row + 2u * plane);
  put(line[3], row + 3u * plane);
  if (TILE > 2u) {
    put(line[4], row + 4u * plane);
    put(line[5], row + 5u * plane);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let tile = item % p.tiles;
  let c = item / p.tiles;
  if (c >= p.c4) { return; }
  let t = tile_at(tile);
  load_tile(t.image, t.y, t.x0, c);
  let out = (t.point * p.rows + p.first + 4u * c) * p.run + t.run;
  store(0u, out);
  store(1u, out);
  store(2u, out);
  store(3u, out);
  if (TILE > 2u) {
    store(4u, out);
    store(5u, out);
  }
}
