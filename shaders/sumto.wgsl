// y = the sum of x over some of the axes N, H and W, in parts of at most run
// places each; the parts of a vector lie vectors apart.
//
// x: [N, H, W, C], channels padded to four (C4 vectors of four); y: parts times the
// shape that is left. Workgroup: 64 invocations, one vector of one part each.

//@use grid.wgsl
//@use pixel.wgsl

struct Params {
  vectors: u32,  // of y
  c4: u32,
  h: u32,        // of y
  w: u32,
  xn: u32,       // strides of x in vectors
  xh: u32,
  xw: u32,
  rh: u32,       // rows and columns that are added up, 1 where none
  rw: u32,
  total: u32,    // places that are added up
  run: u32,
  parts: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let t = linear_group(wid, nwg) * 64u + lid;
  if (t >= p.vectors * p.parts) { return; }
  let i = t % p.vectors;
  let first = t / p.vectors * p.run;
  let at = pixel_at(i / p.c4, p.h, p.w);
  let base = at.x * p.xn + at.y * p.xh + at.z * p.xw + i % p.c4;
  var r = pixel_at(first, p.rh, p.rw);
  var sum = vec4f(0.0);
  for (var k = first; k < min(first + p.run, p.total); k++) {
    sum += x[base + r.x * p.xn + r.y * p.xh + r.z * p.xw];
    r.z += 1u;
    if (r.z == p.rw) {
      r.z = 0u;
      r.y += 1u;
    }
    if (r.y == p.rh) {
      r.y = 0u;
      r.x += 1u;
    }
  }
  y[t] = sum;
}
