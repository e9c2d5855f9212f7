// y = act(conv(x, w) + bias) + residual with any number of groups: output channel
// k reads the channels of group k / (K / groups). Each lane of a vector can be of
// another group, so this form gathers its input lane by lane; depthwise.wgsl and
// conv2d.wgsl are the fast ones.
//
// x: [N, H, W, C]; w: [KH, KW, C/groups padded to four, K]; y: [N, OH, OW, K].
// Settable: WEIGHT (type of w), ACT, BIAS, RESIDUAL (matmul_epilogue.wgsl).
// Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl
//@use lanes.wgsl
//@use weight_f32.wgsl //@set WEIGHT
//@use matmul_epilogue.wgsl

struct Params {
  vectors: u32,    // of y
  h: u32,
  w: u32,
  c4: u32,         // vectors of a pixel of x
  inputs: u32,     // input channels of a group
  outputs: u32,    // output channels of a group
  oh: u32,
  ow: u32,
  channels: u32,   // of y
  channels4: u32,  // vectors of a pixel of y
  kh: u32,
  kw: u32,
  strideh: u32,
  stridew: u32,
  top: i32,        // padding
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<Weight4>;
@group(0) @binding(5) var<uniform> p: Params;

// Four channels of a pixel from number 4c of the group of output channel k on.
fn load(pixel: u32, k: u32, c: u32) -> vec4f {
  let first = min(k, p.channels - 1u) / p.outputs * p.inputs + 4u * c;
  let at = first / 4u;
  let v = lanes_from(x[pixel * p.c4 + at], x[pixel * p.c4 + min(at + 1u, p.c4 - 1u)], first % 4u);
  return keep_channels(v, 4u * c, p.inputs);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let column = i % p.channels4;
  let at = pixel_at(i / p.channels4, p.oh, p.ow);
  let depth = (p.inputs + 3u) / 4u;
  var sum = vec4f(0.0);
  for (var ky = 0u; ky < p.kh; ky++) {
    for (var kx = 0u; kx < p.kw; kx++) {
      let iy = u32(i32(at.y * p.strideh + ky) - p.top);
      let ix = u32(i32(at.z * p.stridew + kx) - p.left);
      if (iy < p.h && ix < p.w) {
        let pixel = (at.x * p.h + iy) * p.w + ix;
        for (var c = 0u; c < depth; c++) {
          let k = 4u * column;
          var v = transpose(mat4x4f(load(pixel, k, c), load(pixel, k + 1u, c), load(pixel, k + 2u, c), load(pixel, k + 3u, c)));
          let row = ((ky * p.kw + kx) * depth + c) * 4u * p.channels4 + column;
          for (var j = 0u; j < 4u; j++) { sum += v[j] * weight4(w[row + j * p.channels4]); }
        }
      }
    }
  }
  finish(sum, i, column, p.channels);
}
