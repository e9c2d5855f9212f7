// Elementary functions with a stated error. WGSL's own log, cos and sin may be
// off by 2^-11 and differ between devices. Range reduction is in integers, so
// that no compiler can reorder it.

// The 64-bit product of a and b: (low word, high word).
fn mul_wide(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let low = al * bl;
  let mid = ah * bl + (low >> 16u);           // at most 2^32 - 2^16
  let cross = al * bh + (mid & 0xffffu);      // at most 2^32 - 2^16
  return vec2u((cross << 16u) | (low & 0xffffu), ah * bh + (mid >> 16u) + (cross >> 16u));
}

// Natural logarithm of a positive normal u; relative error below 4e-7 on (0, 1]
// with a division off by 2.5 units in the last place, 2e-7 with an exact one.
fn log_unit(u: f32) -> f32 {
  // u = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m-1)/(m+1)).
  let bits = bitcast<u32>(u) + (0x3f800000u - 0x3f3504f3u);
  let e = f32(i32(bits >> 23u) - 127);
  let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let tail = s * z * (0.6666668527 + z * (0.3998871698 + z * 0.2958213273));
  return e * 0.6931471806 + (2.0 * s + tail);
}

// (cos, sin) of turn 2^-32 of a full turn; absolute error below 2e-7.
fn cos_sin_fixed(turn: u32) -> vec2f {
  let quarter = (turn + 0x20000000u) >> 30u;  // the nearest quarter turn, 0 to 4
  let x = f32(bitcast<i32>(turn - (quarter << 30u))) * 1.4629180793e-9;  // 2 pi / 2^32
  let z = x * x;
  let s = x + x * z * (-0.1666666665 + z * (0.0083327489 + z * -0.0001958798));
  let c = 1.0 - 0.5 * z + z * z * (0.0416666647 + z * (-0.0013888304 + z * 0.0000245480));
  let r = select(vec2f(c, s), vec2f(-s, c), (quarter & 1u) == 1u);
  return select(r, -r, (quarter & 2u) == 2u);
}

// (cos, sin) of 2 pi u for u in [0, 1); absolute error below 2e-7.
fn cos_sin_turns(u: f32) -> vec2f {
  return cos_sin_fixed(u32(u * 4294967296.0));
}

// (cos, sin) of x for |x| < 2^22; absolute error below 2e-7.
fn cos_sin(x: f32) -> vec2f {
  // |x| = m 2^-shift; m / (2 pi) as a 96-bit product with 2^64 / (2 pi).
  let bits = bitcast<u32>(x);
  let m = (bits & 0x007fffffu) | 0x00800000u;
  let shift = 150u - ((bits >> 23u) & 0xffu);
  let high = mul_wide(m, 0x28be60dbu);
  let low = mul_wide(m, 0x9391054au);
  let p1 = high.x + low.y;
  let p2 = high.y + select(0u, 1u, p1 < high.x);
  // The bits of the product that count 2^-32 turns below a full one.
  let near = (p1 >> (shift & 31u)) | (p2 << ((32u - shift) & 31u));
  let far = select(p2 >> (shift & 31u), 0u, shift >= 64u);
  let turn = select(near, far, shift >= 32u);
  return cos_sin_fixed(select(turn, 0u - turn, bits >= 0x80000000u));
}
