// One level of a reduction. Row r takes the vectors
//   x[r / inner * outer + i], i = r % inner, then every stride-th below outer,
// and folds them (HOW: sum, maximum, minimum), with ACROSS over the four
// components too. The result times scale is vector r of y.
//
// x: vectors of four channels, c4 to a pixel, padding lanes left out of the fold;
// y: one vector per row, [.., C] or with ACROSS [.., 1]. Settable: HOW, ACROSS,
// ROWS rows in a workgroup, LANES invocations each (rows.wgsl).
// Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use channels.wgsl
//@use rows.wgsl

const HOW: u32 = 0u; //@set
const ACROSS: bool = false; //@set

struct Params {
  rows: u32,
  inner: u32,
  outer: u32,
  stride: u32,
  c4: u32,
  channels: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = linear_group(wid, nwg) * ROWS + lid / LANES;
  let r = min(row, p.rows - 1u);
  let base = r / p.inner * p.outer;
  var part = neutral(HOW);
  for (var i = r % p.inner + lid % LANES * p.stride; i < p.outer; i += LANES * p.stride) {
    let within = vec4u(i % p.c4 * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.channels);
    part = fold(HOW, part, select(neutral(HOW), x[base + i], within));
  }
  let all = fold_row(HOW, part, lid) * p.scale;
  if (row >= p.rows || lid % LANES != 0u) { return; }
  if (ACROSS) {
    y[row] = vec4f(fold_four(HOW, all), 0.0, 0.0, 0.0);
  } else {
    y[row] = keep_channels(all, r % p.c4 * 4u, p.channels);
  }
}
