// Last pass of group norm: y = act((x - m) * a + b), with m, a and b for each
// image and channel.
//
// x, y: [N, H, W, C], channels padded to four; coef: what groupnorm_coef.wgsl
// leaves. Settable: ACT (activation.wgsl). Workgroup: 64 invocations; each takes
// one vector of channels at every step-th vector of its image, so that neighbours
// read neighbours and the coefficients are read once.

//@use grid.wgsl
//@use channels.wgsl
//@use activation.wgsl

struct Params {
  threads: u32,  // images * step
  step: u32,     // a multiple of c4
  vectors: u32,  // of one image
  c4: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> coef: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let image = t / p.step;
  let first = t % p.step;
  let v = first % p.c4;
  let at = (image * p.c4 + v) * 3u;
  let m = coef[at];
  let a = coef[at + 1u];
  let b = coef[at + 2u];
  for (var i = image * p.vectors + first; i < (image + 1u) * p.vectors; i += p.step) {
    y[i] = keep_channels(activate((x[i] - m) * a + b), v * 4u, p.channels);
  }
}
