// One step of AdamW and of a moving average, in place (kernels/adamw.go has the
// formulas).
//
// w, m, v, a: the parameter, its moments and its average, g: its gradient, vectors of
// four; square: the squared norm of all gradients; settings: lr, beta1, beta2, eps,
// decay, 1 - beta1^t, 1 - beta2^t, clip (0 for none), the shares of the old and the new
// in the average. A norm that is not finite leaves all as it is. Settable: AVERAGE;
// without it the binding of a is never touched. Workgroup: 64 invocations, one vector
// each.

//@use grid.wgsl

const AVERAGE: bool = false; //@set

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> a: array<vec4f>;
@group(0) @binding(4) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read> square: array<f32>;
@group(0) @binding(6) var<storage, read> settings: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors || (bitcast<u32>(square[0]) & 0x7f800000u) == 0x7f800000u) { return; }
  let lr = settings[0];
  let beta1 = settings[1];
  let beta2 = settings[2];
  let clip = settings[7];
  let factor = select(1.0, min(1.0, clip / (sqrt(square[0]) + 1e-6)), clip > 0.0);
  let d = factor * g[i];
  let mean = beta1 * m[i] + (1.0 - beta1) * d;
  let variance = beta2 * v[i] + (1.0 - beta2) * d * d;
  m[i] = mean;
  v[i] = variance;
  let next = w[i] * (1.0 - lr * settings[4]) - lr / settings[5] * mean / (sqrt(variance / settings[6]) + settings[3]);
  w[i] = next;
  if (AVERAGE) { a[i] = settings[8] * a[i] + settings[9] * next; }
}
