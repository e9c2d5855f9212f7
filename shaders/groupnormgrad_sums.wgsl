// g = dy * act'(z), and its sums and those of g * h over a run of pixels, where z is what
// the activation of a group norm got and h the normalised x.
//
// x: [N, H, W, C], one source of the normalised channels; dy: [N, H, W, channels of
// all sources]; z_coef, h_coef: what groupnorm_coef.wgsl leaves; g: as x; part: two vectors
// for each run and vector of channels of all sources. Settable: ACT
// (activation.wgsl). Workgroup: 64 invocations, a run of one vector of channels each
// (chunks.wgsl).

//@use grid.wgsl
//@use chunks.wgsl
//@use slope.wgsl

struct Params {
  threads: u32,
  c4: u32,
  pixels: u32,
  run: u32,
  joint4: u32,  // vectors of channels of all sources
  first4: u32,  // where those of x begin
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> z_coef: array<vec4f>;
@group(0) @binding(3) var<storage, read> h_coef: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> part: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> g: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let k = chunk(t, p.c4, p.pixels, p.run);
  let at = (k.image * p.joint4 + p.first4 + k.c) * 3u;
  let pixel = k.image * p.pixels + k.run * p.run;
  let pivot = z_coef[at];
  let za = z_coef[at + 1u];
  let zb = z_coef[at + 2u];
  let ha = h_coef[at + 1u];
  let hb = h_coef[at + 2u];
  var sum = vec4f(0.0);
  var sum_h = vec4f(0.0);
  for (var i = 0u; i < k.pixels; i++) {
    let d = x[k.first + i * p.c4] - pivot;
    let v = dy[(pixel + i) * p.joint4 + p.first4 + k.c] * slope(d * za + zb);
    g[k.first + i * p.c4] = v;
    sum += v;
    sum_h += v * (d * ha + hb);
  }
  let runs = (p.pixels + p.run - 1u) / p.run;
  let to = ((k.image * runs + k.run) * p.joint4 + p.first4 + k.c) * 2u;
  part[to] = sum;
  part[to + 1u] = sum_h;
}
