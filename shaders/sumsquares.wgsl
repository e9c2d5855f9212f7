// y = the sum of the squares of x, or of x, in runs of vectors; the last pass adds
// all up.
//
// x: vectors of four; y: a vector for each run, its sum in lane 0 and zeros.
// Settable: SQUARE; ADD (to what sum holds; its binding is not read without);
// LANES = THREADS invocations in the workgroup of a run, ROWS is 1 (rows.wgsl).
// Shared: 16*THREADS bytes.

//@use grid.wgsl
//@use rows.wgsl

const SQUARE: bool = true; //@set
const ADD: bool = false; //@set

struct Params {
  vectors: u32,
  run: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> sum: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let part = linear_group(wid, nwg);
  if (part * p.run >= p.vectors) { return; }
  var all = vec4f(0.0);
  for (var i = part * p.run + lid; i < min((part + 1u) * p.run, p.vectors); i += LANES) {
    let v = x[i];
    all += select(v, v * v, SQUARE);
  }
  var total = vec4f(fold_four(SUM, fold_row(SUM, all, lid)), 0.0, 0.0, 0.0);
  if (ADD) { total += sum[0]; }
  if (lid == 0u) { y[part] = total; }
}
