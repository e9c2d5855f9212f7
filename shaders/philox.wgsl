// Philox4x32-10 (Salmon et al., SC 2011): four random words from a counter.

//@use numeric.wgsl

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let a = mul_wide(c.x, 0xd2511f53u);
    let b = mul_wide(c.z, 0xcd9e8d57u);
    c = vec4u(b.y ^ c.y ^ k.x, b.x, a.y ^ c.w ^ k.y, a.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
