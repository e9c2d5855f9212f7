// Random numbers from a counter: Philox4x32-10 (Salmon et al., SC 2011), as
// uniform values in [0, 1) or as standard normal ones (Box-Muller).
//
// key: [N, 1, 1, 4] u32; y: [N, H, W, C], channels padded to four (C4 vectors).
// The vector j of pixel q of an image comes from the key (key.x, key.y) and the
// counter (q, j, key.z, key.w).
// Settable: NORMAL (else uniform). Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use channels.wgsl
//@use philox.wgsl

const NORMAL: bool = true; //@set

struct Params {
  vectors: u32,  // N*H*W*C4
  c4: u32,
  channels: u32,
  pixels: u32,   // H*W
}

@group(0) @binding(0) var<storage, read> key: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

fn normal_pair(a: u32, b: u32) -> vec2f {
  let u = (vec2f(vec2u(a, b) >> vec2u(9u)) + 0.5) * 1.1920928955078125e-7;  // 2^-23
  return sqrt(-2.0 * log_unit(u.x)) * cos_sin_turns(u.y);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let pixel = i / p.c4;
  let c = i % p.c4;
  let k = key[pixel / p.pixels];
  let r = philox(vec4u(pixel % p.pixels, c, k.zw), k.xy);
  var v = vec4f(r >> vec4u(8u)) * 5.9604644775390625e-8;  // 2^-24
  if (NORMAL) { v = vec4f(normal_pair(r.x, r.y), normal_pair(r.z, r.w)); }
  y[i] = keep_channels(v, c * 4u, p.channels);
}
