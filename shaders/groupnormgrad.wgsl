// Last pass of the gradient of group norm: dx = a * g - q - r * h, where h is the
// normalised x and dx holds g, as groupnormgrad_sums.wgsl leaves it.
//
// x, dx: [N, H, W, C], one source of the normalised channels; z_coef, h_coef: what
// groupnorm_coef.wgsl leaves; coef: (q, r) of each image and vector of channels.
// Workgroup: 64 invocations, a run of one vector of channels each (chunks.wgsl).

//@use grid.wgsl
//@use chunks.wgsl
//@use channels.wgsl

struct Params {
  threads: u32,
  c4: u32,
  pixels: u32,
  run: u32,
  channels: u32,
  joint4: u32,  // vectors of a pixel of all sources
  first4: u32,  // where those of x begin
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> z_coef: array<vec4f>;
@group(0) @binding(2) var<storage, read> h_coef: array<vec4f>;
@group(0) @binding(3) var<storage, read> coef: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let k = chunk(t, p.c4, p.pixels, p.run);
  let at = (k.image * p.joint4 + p.first4 + k.c) * 3u;
  let group = (k.image * p.joint4 + p.first4 + k.c) * 2u;
  let pivot = z_coef[at];
  let a = z_coef[at + 1u];
  let ha = h_coef[at + 1u];
  let hb = h_coef[at + 2u];
  let q = coef[group];
  let r = coef[group + 1u];
  for (var i = 0u; i < k.pixels; i++) {
    let j = k.first + i * p.c4;
    let h = (x[j] - pivot) * ha + hb;
    dx[j] = keep_channels(a * dx[j] - q - h * r, k.c * 4u, p.channels);
  }
}
