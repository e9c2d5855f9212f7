// Last of four steps of the gradient of Winograd's convolution by its weight: dw = G^T
// du G of the sum du of the parts, for every pair of channels.
//
// du: [parts, SIDE*SIDE points, rows, K], the products of v and m; dw: [3, 3, rows, K];
// K padded to four. Settable: TILE (winograd.wgsl). Workgroup: 64 invocations, one
// vector of a row each.

//@use grid.wgsl
//@use winograd.wgsl

struct Params {
  vectors: u32,  // of a tap or a point
  parts: u32,
}

@group(0) @binding(0) var<storage, read> du: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> dw: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

var<private> columns: array<array<vec4f, 3>, 6>;

fn point(i: u32, at: u32) -> vec4f {
  var sum = vec4f(0.0);
  for (var part = 0u; part < p.parts; part++) { sum += du[(part * SIDE * SIDE + i) * p.vectors + at]; }
  return sum;
}

fn load(j: u32, at: u32) {
  var line: Line;
  line[0] = point(j, at);
  line[1] = point(SIDE + j, at);
  line[2] = point(2u * SIDE + j, at);
  line[3] = point(3u * SIDE + j, at);
  if (TILE > 2u) {
    line[4] = point(4u * SIDE + j, at);
    line[5] = point(5u * SIDE + j, at);
  }
  columns[j] = to_taps(line);
}

fn store(i: u32, at: u32) {
  let line = to_taps(Line(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]));
  let row = at + 3u * i * p.vectors;
  dw[row] = line[0];
  dw[row + p.vectors] = line[1];
  dw[row + 2u * p.vectors] = line[2];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let at = linear_group(wid, nwg) * 64u + lid;
  if (at >= p.vectors) { return; }
  load(0u, at);
  load(1u, at);
  load(2u, at);
  load(3u, at);
  if (TILE > 2u) {
    load(4u, at);
    load(5u, at);
  }
  store(0u, at);
  store(1u, at);
  store(2u, at);
}
