// Counts the values that are NaN or infinite, by their bits: a compiler may fold
// x != x to false. Two passes over the same bindings: CLEAR writes the start
// values, the other one adds. Integer atomics, so the order does not matter.
//
// x: vectors of four f32; y: [1, 1, 1, 4], (count, first vector with such a value
// or 2^32-1, 0, 0). Settable: CLEAR. Workgroup: 64 invocations; each takes
// every threads-th vector.

//@use grid.wgsl

const CLEAR: bool = false; //@set

struct Params {
  vectors: u32,
  threads: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<atomic<u32>, 4>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (CLEAR) {
    if (t < 4u) { atomicStore(&y[t], select(0u, 0xffffffffu, t == 1u)); }
    return;
  }
  if (t >= p.threads) { return; }
  var count = 0u;
  var first = 0xffffffffu;
  for (var i = t; i < p.vectors; i += p.threads) {
    let bad = (x[i] & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
    if (any(bad)) {
      let ones = select(vec4u(0u), vec4u(1u), bad);
      count += ones.x + ones.y + ones.z + ones.w;
      first = min(first, i);
    }
  }
  if (count > 0u) {
    atomicAdd(&y[0], count);
    atomicMin(&y[1], first);
  }
}
