// The first of three steps of Winograd's convolution: v = B^T d B of every tile d of
// an image.
//
// x: [N, H, W, C]; coef: with NORM what groupnorm_coef.wgsl leaves, else never read;
// v: [SIDE*SIDE points, tiles, rows], where the channels of x begin at vector first4.
// Tiles are counted over images, rows and columns of tiles, and v holds those from tile
// start on. Settable: TILE (winograd.wgsl), NORM, SILU (source.wgsl).
// Workgroup: 64 invocations, one tile of a vector of channels each.

//@use grid.wgsl
//@use pixel.wgsl
//@use winograd_load.wgsl

struct Params {
  tiles: u32,
  start: u32,
  across: u32,  // tiles side by side in an image
  down: u32,
  h: u32,       // of x as it is read
  w: u32,
  c4: u32,      // vectors of a pixel of x
  rows4: u32,   // vectors of a tile of v
  first4: u32,
  top: i32,     // padding
  left: i32,
  up: u32,      // 1: a pixel of x stands for two by two
}

@group(0) @binding(1) var<storage, read> coef: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn store(i: u32, at: u32) {
  let line = points(i);
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
  let image = Image(at.x * (p.h >> p.up) * (p.w >> p.up), p.h, p.w, p.c4, p.up);
  if (NORM) {
    let k = (at.x * p.rows4 + p.first4 + c) * 3u;
    mean = coef[k];
    gain = coef[k + 1u];
    shift = coef[k + 2u];
  }
  load_tile(image, i32(at.y * TILE) - p.top, i32(at.z * TILE) - p.left, c);
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
