// dw[i, j, c] = sum over the pixels (n, y, x) of dy of
// x[n, y*stride_y + i - top, x*STRIDE + j - left, c] * dy[n, y, x, c], in splits of
// run strips, each with a copy of dw. A strip is PIXELS neighbours of a row of dy, so
// that a row of SPAN = (PIXELS-1)*STRIDE + KW vectors of x serves all its taps.
//
// x: [N, H, W, C]; dy: [N, OH, OW, C]; dw: [splits, KH, KW, C], innermost extents
// padded to four. Settable: PIXELS, KW, STRIDE (of columns), SPAN, THREADS. TAPS =
// KH*KW. Workgroup: THREADS invocations, each with a vector of channels of a split.

//@use grid.wgsl

const PIXELS: u32 = 4u; //@set
const KW: u32 = 3u; //@set
const TAPS: u32 = 9u; //@set
const STRIDE: u32 = 1u; //@set
const SPAN: u32 = 6u; //@set
const THREADS: u32 = 64u; //@set

struct Params {
  items: u32,     // splits * channels4
  channels4: u32,
  strips: u32,    // N*OH*across
  run: u32,       // strips of a split
  across: u32,    // strips of a row of dy
  h: u32,
  w: u32,
  oh: u32,
  ow: u32,
  stride_y: u32,
  top: i32,       // padding
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * THREADS + lid;
  if (t >= p.items) { return; }
  let column = t % p.channels4;
  let split = t / p.channels4;
  var sum: array<vec4f, TAPS>;
  for (var i = split * p.run; i < min((split + 1u) * p.run, p.strips); i++) {
    let ox = i % p.across * PIXELS;
    let row = i / p.across;
    let n = row / p.oh;
    let y = row % p.oh * p.stride_y;
    let left = i32(ox * STRIDE) - p.left;
    var g: array<vec4f, PIXELS>;
    for (var j = 0u; j < PIXELS; j++) {
      let inside = ox + j < p.ow;
      let v = dy[(row * p.ow + select(0u, ox + j, inside)) * p.channels4 + column];
      g[j] = select(vec4f(0.0), v, inside);
    }
    for (var ky = 0u; ky < TAPS / KW; ky++) {
      let iy = u32(i32(y + ky) - p.top);
      if (iy < p.h) {
        var line: array<vec4f, SPAN>;
        for (var j = 0u; j < SPAN; j++) {
          let ix = u32(left + i32(j));
          let inside = ix < p.w;
          let v = x[((n * p.h + iy) * p.w + select(0u, ix, inside)) * p.channels4 + column];
          line[j] = select(vec4f(0.0), v, inside);
        }
        for (var kx = 0u; kx < KW; kx++) {
          var s = vec4f(0.0);
          for (var j = 0u; j < PIXELS; j++) { s += line[j * STRIDE + kx] * g[j]; }
          sum[ky * KW + kx] += s;
        }
      }
    }
  }
  for (var k = 0u; k < TAPS; k++) { dw[(split * TAPS + k) * p.channels4 + column] = sum[k]; }
}
