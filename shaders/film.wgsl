// y = x * (1 + scale) + shift, with a scale and a shift per image and channel.
//
// x, y: [N, H, W, C], channels padded to four; film: [N or 1, 1, 1, 2C], the C scales,
// then the C shifts, row images' values apart.
// Workgroup: 64 invocations, a run of one vector of channels each (chunks.wgsl).

//@use grid.wgsl
//@use chunks.wgsl

struct Params {
  threads: u32,
  c4: u32,
  pixels: u32,
  run: u32,
  channels: u32,
  row: u32,  // values of film from one image to the next, 0 for the same
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> film: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let k = chunk(t, p.c4, p.pixels, p.run);
  let c = k.c * 4u;
  let at = k.image * p.row + c;
  var scale = vec4f(0.0);
  var shift = vec4f(0.0);
  for (var i = 0u; i < 4u; i++) {
    if (c + i < p.channels) {
      scale[i] = 1.0 + film[at + i];
      shift[i] = film[at + p.channels + i];
    }
  }
  for (var i = 0u; i < k.pixels; i++) {
    let v = k.first + i * p.c4;
    y[v] = x[v] * scale + shift;
  }
}
