// The multiply-add ceiling: independent chains that fit the registers of a CPU
// as well, no memory traffic but one load and one store. Each chain converges:
// a <- a/2 + x, ROUNDS times, from a = 0, x/2 and x; y is the sum of the chains.
//
// x, y: [N, H, W, C], channels padded to four. Settable: ROUNDS.
// Workgroup: 64 invocations, one vector each; 3*4*ROUNDS multiply-adds each.

//@use grid.wgsl

const ROUNDS: u32 = 256u; //@set

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let v = x[i];
  let half = vec4f(0.5);
  var a0 = vec4f(0.0);
  var a1 = v * 0.5;
  var a2 = v;
  for (var r = 0u; r < ROUNDS; r++) {
    a0 = fma(a0, half, v);
    a1 = fma(a1, half, v);
    a2 = fma(a2, half, v);
  }
  y[i] = a0 + a1 + a2;
}
