// Second pass of the gradient of attention, by the queries:
// dq_i = scale * sum_j w_ij (do_i.v_j - do_i.o_i) k_j.
//
// Operands and settings as in attentiongrad.wgsl; dout: [N, queries, heads * 4*D4];
// stats: what attentiongrad_stats.wgsl leaves; dq: as q. Workgroup: THREADS
// invocations, a query each.

//@use grid.wgsl
//@use attentiongrad.wgsl

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
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let t = token(tile, lid, p.queries, p.heads);
  let own = (t.image * p.queries + t.index) * p.row + t.head * p.head;
  let from_out = ((t.image * p.queries + t.index) * p.heads + t.head) * D4;
  let first = t.image * p.keys * p.row + t.head * p.head;
  let stat = stats[(t.image * p.heads + t.head) * p.queries + t.index];
  var x: array<vec4f, D4>;
  var g: array<vec4f, D4>;
  var acc: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) {
    x[d] = q[own + d];
    g[d] = dout[from_out + d];
    acc[d] = vec4f(0.0);
  }
  for (var key = 0u; key < p.keys; key++) {
    let at = first + key * p.row;
    var qk = 0.0;
    var gv = 0.0;
    for (var d = 0u; d < D4; d++) {
      qk += dot(x[d], k[at + p.kfirst + d]);
      gv += dot(g[d], v[at + p.vfirst + d]);
    }
    let e = p.scale * weight(score(qk, t.index, key, p.maskrow, p.scale), stat) * (gv - stat.z);
    for (var d = 0u; d < D4; d++) { acc[d] += e * k[at + p.kfirst + d]; }
  }
  if (t.real) {
    for (var d = 0u; d < D4; d++) { dq[own + d] = acc[d]; }
  }
}
