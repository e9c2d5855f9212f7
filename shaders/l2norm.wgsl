// y = sqrt(sum_c (a_c - b_c)^2) for every pixel; without PAIR b is zero.
//
// a, b: [N, H, W, C], channels padded to four; y: [N, H, W, 1]. Without PAIR the
// binding of b is never read. Settable: PAIR, ROWS pixels in a workgroup, LANES
// invocations each (rows.wgsl). Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use rows.wgsl

const PAIR: bool = true; //@set

struct Params {
  pixels: u32,
  c4: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let pixel = linear_group(wid, nwg) * ROWS + lid / LANES;
  let first = min(pixel, p.pixels - 1u) * p.c4;
  var sum = vec4f(0.0);
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    var d = a[first + c];
    if (PAIR) { d -= b[first + c]; }
    sum += d * d;
  }
  let length = sqrt(fold_four(SUM, fold_row(SUM, sum, lid)));
  if (pixel < p.pixels && lid % LANES == 0u) {
    y[pixel] = vec4f(length, 0.0, 0.0, 0.0);
  }
}
