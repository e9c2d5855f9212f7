// dw[i, j, c, k] = sum over the pixels (n, y, x) of dy of
// x[n, y*stride_y + i - top, x*stride_x + j - left, c] * dy[n, y, x, k], in splits
// of run pixels, each with a copy of dw: the form for CPU adapters.
//
// x: [N, H, W, C]; dy: [N, OH, OW, K]; dw: [splits, KH, KW, rows, K], of which
// the rows from first on belong to x; innermost extents padded to four.
// Settable: ROWS, COLUMNS, ACC (outer.wgsl): an invocation sums ROWS vectors of
// channels of x times COLUMNS vectors of channels of dy. Workgroup: 8 invocations.

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

var<private> right: array<vec4f, COLUMNS>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 8u + lid;
  let column = t % p.column_tiles * COLUMNS;
  let row = t / p.column_tiles % p.row_tiles * ROWS;
  let tap = t / (p.column_tiles * p.row_tiles) % (p.kh * p.kw);
  let split = t / (p.column_tiles * p.row_tiles * p.kh * p.kw);
  if (split >= p.splits) { return; }
  let iy = i32(tap / p.kw) - p.top;
  let ix = i32(tap % p.kw) - p.left;
  var at = pixel_at(split * p.run, p.oh, p.ow);
  for (var i = split * p.run; i < min((split + 1u) * p.run, p.pixels); i++) {
    let sy = iy + i32(at.y * p.stride_y);
    let sx = ix + i32(at.z * p.stride_x);
    let inside = u32(sy) < p.h && u32(sx) < p.w;
    let pixel = select(0u, (at.x * p.h + u32(sy)) * p.w + u32(sx), inside) * p.c4;
    // Past the end stands the last vector; its sums are not stored.
    for (var b = 0u; b < COLUMNS; b++) { right[b] = dy[i * p.k4 + min(column + b, p.k4 - 1u)]; }
    for (var a = 0u; a < ROWS; a++) {
      let u = select(vec4f(0.0), x[pixel + min(row + a, p.c4 - 1u)], inside);
      for (var b = 0u; b < COLUMNS; b++) { add_outer(a, u, b, right[b]); }
    }
    at.z += 1u;
    if (at.z == p.ow) {
      at.z = 0u;
      at.y += 1u;
    }
    if (at.y == p.oh) {
      at.y = 0u;
      at.x += 1u;
    }
  }
  let base = split * p.vectors + (tap * p.rows + p.first) * p.k4;
  for (var e = 0u; e < ACC; e++) {
    let c = row * 4u + e / COLUMNS;
    let k = column + e % COLUMNS;
    if (c < 4u * p.c4 && k < p.k4) { dw[base + c * p.k4 + k] = acc[e]; }
  }
}
