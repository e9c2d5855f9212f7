// Joins the sums of parts over the channels of a group: for every channel of every
// image its sums, and (q, r) with dx = a * g - q - r * h, where a is the factor of x in
// z.
//
// part: what groupnormgrad_sums.wgsl leaves; z_coef: what groupnorm_coef.wgsl
// leaves; coef: two vectors for each vector of channels of
// each image; sum, sum_h: [N, 1, 1, C], channels padded to four. Settable: LANES =
// THREADS invocations in the workgroup of a group, ROWS is 1 (rows.wgsl). Shared:
// 16*THREADS bytes.

//@use grid.wgsl
//@use rows.wgsl

struct Params {
  images: u32,
  groups: u32,  // of an image
  size: u32,    // channels of a group
  c4: u32,
  channels: u32,
  runs: u32,    // parts of a channel
  pixels: u32,
}

@group(0) @binding(0) var<storage, read> part: array<f32>;
@group(0) @binding(1) var<storage, read> z_coef: array<f32>;
@group(0) @binding(2) var<storage, read_write> coef: array<f32>;
@group(0) @binding(3) var<storage, read_write> sum: array<f32>;
@group(0) @binding(4) var<storage, read_write> sum_h: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let g = linear_group(wid, nwg);
  if (g >= p.images * p.groups) { return; }
  let image = g / p.groups;
  let begin = g % p.groups * p.size;
  let end = begin + p.size;
  var both = vec4f(0.0);
  for (var c = begin + lid; c < end; c += LANES) {
    var s = vec2f(0.0);
    for (var r = 0u; r < p.runs; r++) {
      let at = ((image * p.runs + r) * p.c4 + c / 4u) * 8u + c % 4u;
      s += vec2f(part[at], part[at + 4u]);
    }
    sum[image * 4u * p.c4 + c] = s.x;
    sum_h[image * 4u * p.c4 + c] = s.y;
    let a = z_coef[(image * p.c4 + c / 4u) * 12u + c % 4u + 4u];
    both += vec4f(s * a, 0.0, 0.0);
  }
  // a is the gain of the channel times the scale of the group.
  let mean = fold_row(SUM, both, lid) / f32(p.pixels * p.size);
  for (var c = begin + lid; c < end; c += LANES) {
    let at = (image * p.c4 + c / 4u) * 8u + c % 4u;
    coef[at] = mean.x;
    coef[at + 4u] = mean.y;
  }
  // The padding lanes of the sums are zero; the group of the last channel writes them.
  if (end == p.channels && lid == 0u) {
    for (var c = p.channels; c < 4u * p.c4; c++) {
      sum[image * 4u * p.c4 + c] = 0.0;
      sum_h[image * 4u * p.c4 + c] = 0.0;
    }
  }
}
