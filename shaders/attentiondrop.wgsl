// Dropout of the weights of attention, as dropout.wgsl drops [N, heads, queries, keys].

//@use philox.wgsl

const DROP: bool = false; //@set

struct Drop {
  stream: u32,
  threshold: u32,
  scale: f32,
}

// What four weights from key 4*group on are multiplied with; row counts the queries
// over all heads and images.
fn drop(d: Drop, k: vec4u, row: u32, group: u32) -> vec4f {
  let r = philox(vec4u(row, group, k.z, k.w + d.stream), k.xy);
  return select(vec4f(0.0), vec4f(d.scale), r >= vec4u(d.threshold));
}
