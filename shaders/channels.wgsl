// Channels are padded to a multiple of four and the padding lanes are zero in
// every tensor. Zeroes the lanes of v past the last channel; first is the
// channel of lane 0.
fn keep_channels(v: vec4f, first: u32, channels: u32) -> vec4f {
  return select(vec4f(0.0), v, vec4u(first) + vec4u(0u, 1u, 2u, 3u) < vec4u(channels));
}
