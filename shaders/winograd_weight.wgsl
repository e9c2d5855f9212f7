// What precedes the three steps of Winograd's convolution where the weights change
// from replay to replay: u = G w G^T for every pair of channels.
//
// w: [3, 3, rows, K]; u: [SIDE*SIDE points, rows, K]; K padded to four. Settable: TILE
// (winograd.wgsl). Workgroup: 64 invocations, one vector of a row each.

//@use grid.wgsl
//@use winograd.wgsl

struct Params {
  vectors: u32,  // of a tap or a point
}

@group(0) @binding(0) var<storage, read> w: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> u: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

var<private> columns: array<Line, 3>;

fn load(j: u32, at: u32) {
  columns[j] = from_taps(w[at + j * p.vectors], w[at + (3u + j) * p.vectors], w[at + (6u + j) * p.vectors]);
}

fn store(i: u32, at: u32) {
  let line = from_taps(columns[0][i], columns[1][i], columns[2][i]);
  let row = at + i * SIDE * p.vectors;
  u[row] = line[0];
  u[row + p.vectors] = line[1];
  u[row + 2u * p.vectors] = line[2];
  u[row + 3u * p.vectors] = line[3];
  if (TILE > 2u) {
    u[row + 4u * p.vectors] = line[4];
    u[row + 5u * p.vectors] = line[5];
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let at = linear_group(wid, nwg) * 64u + lid;
  if (at >= p.vectors) { return; }
  load(0u, at);
  load(1u, at);
  load(2u, at);
  store(0u, at);
  store(1u, at);
  store(2u, at);
  store(3u, at);
  if (TILE > 2u) {
    store(4u, at);
    store(5u, at);
  }
}
