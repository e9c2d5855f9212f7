// y = act((x - m) * a + b), with m, a and b for each image and channel; with HALVE the
// mean of two by two pixels of that.
//
// x: [N, H, W, C], channels padded to four, one source of y [N, H, W, channels of all
// sources], with HALVE [N, H/2, W/2, ...]; coef: what groupnorm_coef.wgsl leaves.
// Settable: HALVE, ACT (activation.wgsl). Workgroup: 64 invocations, a run of pixels of
// y of one vector of channels each (chunks.wgsl).

//@use grid.wgsl
//@use chunks.wgsl
//@use channels.wgsl
//@use activation.wgsl

const HALVE: bool = false; //@set

struct Params {
  threads: u32,
  c4: u32,
  pixels: u32,  // of an image of y
  run: u32,
  channels: u32,
  joint4: u32,  // vectors of a pixel of y
  first4: u32,  // where those of x begin
  w: u32,       // of an image of y
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> coef: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.threads) { return; }
  let k = chunk(t, p.c4, p.pixels, p.run);
  let at = (k.image * p.joint4 + p.first4 + k.c) * 3u;
  let m = coef[at];
  let a = coef[at + 1u];
  let b = coef[at + 2u];
  let pixel = k.image * p.pixels + k.run * p.run;
  for (var i = 0u; i < k.pixels; i++) {
    var v: vec4f;
    if (HALVE) {
      let row = (pixel + i) / p.w;  // of y, counted over images
      let below = 2u * p.w * p.c4;
      let j = 2u * row * below + 2u * ((pixel + i) % p.w) * p.c4 + k.c;
      v = activate((x[j] - m) * a + b) + activate((x[j + p.c4] - m) * a + b);
      v += activate((x[j + below] - m) * a + b) + activate((x[j + below + p.c4] - m) * a + b);
      v *= 0.25;
    } else {
      v = activate((x[k.first + i * p.c4] - m) * a + b);
    }
    y[(pixel + i) * p.joint4 + p.first4 + k.c] = keep_channels(v, k.c * 4u, p.channels);
  }
}
