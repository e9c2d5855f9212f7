// What convweight.wgsl does, through shared memory: the form for GPUs.
//
// Operands as there. Settable: ROWS and COLUMNS up to 2, ACC (outer.wgsl).
// Workgroup: 8x8 invocations, a tile of 8*ROWS vectors of channels of x and
// 8*COLUMNS of dy for one tap; pixels come 16 at a time. Shared: 8,192 bytes.

//@use grid.wgsl
//@use pixel.wgsl
//@use outer.wgsl

struct Params {
  h: u32,
  w: u32,
  c4: u32,            // vectors of a pixel of x
  oh: u32,
  ow: u32,
  k4: u32,            // vectors of a pixel of dy
  kh: u32,
  kw: u32,
  stride_y: u32,
  stride_x: u32,
  top: i32,           // padding
  left: i32,
  rows: u32,          // of dw, per tap
  first: u32,         // row of channel 0 of x
  vectors: u32,       // of dw
  pixels: u32,        // of dy
  run: u32,           // pixels of a split
  splits: u32,
  row_tiles: u32,
  column_tiles: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

const STEP: u32 = 16u;  // pixels

var<workgroup> tile_x: array<vec4f, 256>;   // STEP pixels of 8*ROWS vectors
var<workgroup> tile_dy: array<vec4f, 256>;  // STEP pixels of 8*COLUMNS vectors

fn load_x(lid: u32, first: u32, end: u32, row: u32, tap: u32) {
  for (var e = lid; e < STEP * 8u * ROWS; e += 64u) {
    let i = first + e / (8u * ROWS);
    let c = row + e % (8u * ROWS);
    let at = pixel_at(i, p.oh, p.ow);
    let sy = i32(at.y * p.stride_y + tap / p.kw) - p.top;
    let sx = i32(at.z * p.stride_x + tap % p.kw) - p.left;
    var v = vec4f(0.0);
    if (i < end && c < p.c4 && u32(sy) < p.h && u32(sx) < p.w) { v = x[((at.x * p.h + u32(sy)) * p.w + u32(sx)) * p.c4 + c]; }
    tile_x[e] = v;
  }
}

fn load_dy(lid: u32, first: u32, end: u32, column: u32) {
  for (var e = lid; e < STEP * 8u * COLUMNS; e += 64u) {
    let i = first + e / (8u * COLUMNS);
    let k = column + e % (8u * COLUMNS);
    var v = vec4f(0.0);
    if (i < end && k < p.k4) { v = dy[i * p.k4 + k]; }
    tile_dy[e] = v;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg);
  let column = t % p.column_tiles * 8u * COLUMNS;
  let row = t / p.column_tiles % p.row_tiles * 8u * ROWS;
  let tap = t / (p.column_tiles * p.row_tiles) % (p.kh * p.kw);
  let split = t / (p.column_tiles * p.row_tiles * p.kh * p.kw);
  if (split >= p.splits) { return; }
  let end = min((split + 1u) * p.run, p.pixels);
  for (var first = split * p.run; first < end; first += STEP) {
    load_x(lid, first, end, row, tap);
    load_dy(lid, first, end, column);
    workgroupBarrier();
    for (var i = 0u; i < STEP; i++) {
      for (var a = 0u; a < ROWS; a++) {
        let u = tile_x[(i * ROWS + a) * 8u + lid / 8u];
        for (var b = 0u; b < COLUMNS; b++) { add_outer(a, u, b, tile_dy[(i * COLUMNS + b) * 8u + lid % 8u]); }
      }
    }
    workgroupBarrier();
  }
  let base = split * p.vectors + (tap * p.rows + p.first) * p.k4;
  for (var e = 0u; e < ACC; e++) {
    let a = e / (4u * COLUMNS);
    let c = (row + 8u * a + lid / 8u) * 4u + e / COLUMNS % 4u;
    let k = column + e % COLUMNS * 8u + lid % 8u;
    if (c < 4u * p.c4 && k < p.k4) { dw[base + c * p.k4 + k] = acc[e]; }
  }
}
