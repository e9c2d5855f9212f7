// y = x * (1 + scale) + shift, with a scale and a shift per image and channel.
//
// x, y: [N, H, W, C], channels padded to four; film: [N, 1, 1, 2C], the C scales,
// then the C shifts, row images' values apart. Workgroup: 64 invocations; each
// takes one vector of channels at every step-th vector of its image, so that
// neighbours read neighbours and scale and shift are read once.

//@use grid.wgsl
//@use channels.wgsl

struct Params {
  threads: u32,  // images * step
  step: u32,     // a multiple of c4
  vectors: u32,  // of one image
  c4: u32,
  channels: u32,
  row: u32,      // values of film from one image to the next
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> film: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let image = t / p.step;
  let first = t % p.step;
  let c = first % p.c4 * 4u;
  var scale = vec4f(0.0);
  var shift = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    if (c + k < p.channels) {
      scale[k] = 1.0 + film[image * p.row + c + k];
      shift[k] = film[image * p.row + p.channels + c + k];
    }
  }
  for (var i = first; i < p.vectors; i += p.step) {
    let v = image * p.vectors + i;
    y[v] = x[v] * scale + shift;
  }
}
