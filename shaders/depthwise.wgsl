// y = act(conv(x, w) + bias) + residual where every channel is convolved with a
// kernel of its own. An invocation computes PIXELS neighbours of a row, so that a
// row of SPAN = (PIXELS-1)*STRIDE + KW vectors of x serves all of them.
//
// x: [N, H, W, C]; w: [KH, KW, 1, C]; y: [N, OH, OW, C].
// Settable: WEIGHT (type of w), PIXELS, KW, STRIDE (of columns), SPAN, THREADS, ACT,
// BIAS, RESIDUAL (matmul_epilogue.wgsl). Workgroup: THREADS invocations.

//@use grid.wgsl
//@use weight_f32.wgsl //@set WEIGHT
//@use matmul_epilogue.wgsl

const PIXELS: u32 = 8u; //@set
const KW: u32 = 3u; //@set
const STRIDE: u32 = 1u; //@set
const SPAN: u32 = 10u; //@set
const THREADS: u32 = 64u; //@set

struct Params {
  blocks: u32,  // N*OH*across*C4
  across: u32,  // per row of y
  h: u32,
  w: u32,
  channels: u32,
  channels4: u32,
  oh: u32,
  ow: u32,
  kh: u32,
  strideh: u32,
  top: i32,     // padding
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<Weight4>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * THREADS + lid;
  if (i >= p.blocks) { return; }
  let column = i % p.channels4;
  let ox = i / p.channels4 % p.across * PIXELS;
  let row = i / p.channels4 / p.across;
  let n = row / p.oh;
  let oy = row % p.oh;
  let left = i32(ox * STRIDE) - p.left;

  var sum: array<vec4f, PIXELS>;
  for (var ky = 0u; ky < p.kh; ky++) {
    let iy = u32(i32(oy * p.strideh + ky) - p.top);
    if (iy < p.h) {
      var line: array<vec4f, SPAN>;
      for (var j = 0u; j < SPAN; j++) {
        let ix = u32(left + i32(j));
        let inside = ix < p.w;
        let v = x[((n * p.h + iy) * p.w + select(0u, ix, inside)) * p.channels4 + column];
        line[j] = select(vec4f(0.0), v, inside);
      }
      for (var kx = 0u; kx < KW; kx++) {
        let tap = weight4(w[(ky * KW + kx) * p.channels4 + column]);
        for (var j = 0u; j < PIXELS; j++) { sum[j] += line[j * STRIDE + kx] * tap; }
      }
    }
  }
  for (var j = 0u; j < PIXELS; j++) {
    if (ox + j < p.ow) { finish(sum[j], (row * p.ow + ox + j) * p.channels4 + column, column, p.channels); }
  }
}
