// The moments of parts of an image: for every channel, mean and variance over
// a run of pixels. The values are taken relative to the first of them
// (the pivot), so that a large mean does not cost digits, and by Welford's updates, so
// that an outlier as pivot costs none either.
//
// x: [N, H, W, C], channels padded to four; part: three vectors for each run and vector
// of channels, (pivot, mean - pivot, mean of (x - mean)^2).
// Workgroup: 64 invocations, a run of one vector of channels each (chunks.wgsl).

//@use grid.wgsl
//@use chunks.wgsl

struct Params {
  threads: u32,
  c4: u32,
  pixels: u32,
  run: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> part: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let k = chunk(t, p.c4, p.pixels, p.run);
  let pivot = x[k.first];
  var mean = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var i = 0u; i < k.pixels; i++) {
    let d = x[k.first + i * p.c4] - pivot;
    let change = d - mean;
    mean += change * (1.0 / f32(i + 1u));
    squares += change * (d - mean);
  }
  part[t * 3u] = pivot;
  part[t * 3u + 1u] = mean;
  part[t * 3u + 2u] = squares / f32(k.pixels);
}
