// Last pass of the gradient of attention, by the keys and values:
// dv_j = sum_i w_ij do_i, dk_j = scale * sum_i w_ij (do_i.v_j - do_i.o_i) q_i.
//
// Operands and settings as in attentiongrad.wgsl; dout: [N, queries, heads * 4*D4];
// stats: what attentiongrad_stats.wgsl leaves; dk, dv: as k and v. Settable too:
// PACKED, dv is in dk, and its binding is never written. Workgroup: THREADS
// invocations, a key each.

//@use grid.wgsl
//@use attentiongrad.wgsl

const PACKED: bool = false; //@set

struct Params {
  tiles: u32,    // of THREADS tokens, over all heads and images
  queries: u32,
  keys: u32,
  heads: u32,
  row: u32,
  head: u32,
  kfirst: u32,   // first vector of k and v in a token
  vfirst: u32,
  maskrow: u32,  // values of mask from one query to the next
  scale: f32,
}

@group(0) @binding(4) var<storage, read> dout: array<vec4f>;
@group(0) @binding(5) var<storage, read> stats: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dv: array<vec4f>;
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let t = token(tile, lid, p.keys, p.heads);
  let own = (t.image * p.keys + t.index) * p.row + t.head * p.head;
  let first = t.image * p.queries * p.row + t.head * p.head;
  let first_out = (t.image * p.queries * p.heads + t.head) * D4;
  let first_stat = (t.image * p.heads + t.head) * p.queries;
  var x: array<vec4f, D4>;
  var y: array<vec4f, D4>;
  var acc_k: array<vec4f, D4>;
  var acc_v: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) {
    x[d] = k[own + p.kfirst + d];
    y[d] = v[own + p.vfirst + d];
    acc_k[d] = vec4f(0.0);
    acc_v[d] = vec4f(0.0);
  }
  for (var query = 0u; query < p.queries; query++) {
    let at = first + query * p.row;
    let at_out = first_out + query * p.heads * D4;
    var qk = 0.0;
    var gv = 0.0;
    for (var d = 0u; d < D4; d++) {
      qk += dot(x[d], q[at + d]);
      gv += dot(y[d], dout[at_out + d]);
    }
    let stat = stats[first_stat + query];
    let w = weight(score(qk, query, t.index, p.maskrow, p.scale), stat);
    let e = p.scale * w * (gv - stat.z);
    for (var d = 0u; d < D4; d++) {
      acc_k[d] += e * q[at + d];
      acc_v[d] += w * dout[at_out + d];
    }
  }
  if (!t.real) { return; }
  for (var d = 0u; d < D4; d++) {
    dk[own + p.kfirst + d] = acc_k[d];
    if (PACKED) { dk[own + p.vfirst + d] = acc_v[d]; } else { dv[own + p.vfirst + d] = acc_v[d]; }
  }
}
