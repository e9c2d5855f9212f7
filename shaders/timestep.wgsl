// Sinusoidal embedding of a timestep: y_j = cos(t f_j), y_(half+j) = sin(t f_j),
// f_j = ratio^j, ratio = period^(-1/half), j < half; the last channel of an odd
// dim is zero.
//
// t: [N, 1, 1, 1], 0 <= t < 2^24; y: [N, 1, 1, dim]. The angle is kept in turns as
// an integer fraction, because t f_j in f32 would lose up to 13 bits of it.
// Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use numeric.wgsl

struct Params {
  vectors: u32,
  c4: u32,
  half: u32,
  low: u32,   // ratio * 2^64
  high: u32,
}

@group(0) @binding(0) var<storage, read> t: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

// Product of two fractions of 2^64, (low word, high word) each; at most 3 units low.
fn mul_fraction(a: vec2u, b: vec2u) -> vec2u {
  let hh = mul_wide(a.y, b.y);
  let lh = mul_wide(a.x, b.y).y;
  let hl = mul_wide(a.y, b.x).y;
  let s1 = hh.x + lh;
  let s2 = s1 + hl;
  return vec2u(s2, hh.y + select(0u, 1u, s1 < lh) + select(0u, 1u, s2 < hl));
}

// f_j / (2 pi), the turns in a unit of t, as a fraction of 2^64.
fn frequency(j: u32) -> vec2u {
  var f = vec2u(0x9391054au, 0x28be60dbu);  // 2^64 / (2 pi)
  var power = vec2u(p.low, p.high);
  for (var n = j; n > 0u; n >>= 1u) {
    if ((n & 1u) == 1u) { f = mul_fraction(f, power); }
    power = mul_fraction(power, power);
  }
  return f;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let time = t[i / p.c4].x;
  let whole = floor(time);
  var v = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    let c = i % p.c4 * 4u + k;
    if (c < 2u * p.half) {
      let f = frequency(c % p.half);
      let n = u32(whole);
      let turn = n * f.y + mul_wide(n, f.x).y + u32((time - whole) * f32(f.y));
      let r = cos_sin_fixed(turn);
      v[k] = select(r.x, r.y, c >= p.half);
    }
  }
  y[i] = v;
}
