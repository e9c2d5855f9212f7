// First pass of group norm: for every channel, mean and sum of squared
// deviations over every rows-th pixel. The values are taken relative to the
// first of them (the pivot), so that a large mean does not cost digits, and by
// Welford's updates, so that an outlier as pivot costs none either.
//
// x: [N, H, W, C], channels padded to four; part: three vectors for each thread,
// (pivot, mean - pivot, sum of (x - mean)^2). Workgroup: 64 invocations; each
// takes one vector of channels at every step-th vector of its image.

//@use grid.wgsl

struct Params {
  threads: u32,  // images * step
  step: u32,     // rows * c4
  vectors: u32,  // of one image
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> part: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let base = t / p.step * p.vectors;
  let first = t % p.step;
  let pivot = x[base + first];
  var count = 0.0;
  var mean = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var i = first; i < p.vectors; i += p.step) {
    let d = x[base + i] - pivot;
    let change = d - mean;
    count += 1.0;
    mean += change * (1.0 / count);
    squares += change * (d - mean);
  }
  part[t * 3u] = pivot;
  part[t * 3u + 1u] = mean;
  part[t * 3u + 2u] = squares;
}
