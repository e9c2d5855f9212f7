// Four of the eight lanes of (a, b), from lane first on; first is 0 to 3.
fn lanes_from(a: vec4f, b: vec4f, first: u32) -> vec4f {
  if (first == 1u) { return vec4f(a.yzw, b.x); }
  if (first == 2u) { return vec4f(a.zw, b.xy); }
  if (first == 3u) { return vec4f(a.w, b.xyz); }
  return a;
}
