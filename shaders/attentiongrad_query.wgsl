// Second pass of the gradient of attention, by the queries:
// dq_i = scale * sum_j w_ij (b_ij do_i.v_j - do_i.o_i) k_j, b_ij what the dropout
// multiplies with.
//
// Operands and settings as in attentiongrad.wgsl; dout: [N, queries, heads * 4*D4];
// stats: what attentiongrad_stats.wgsl leaves; dq: as q. Workgroup: THREADS
// invocations, OWN queries each.

//@use grid.wgsl
//@use attentiongrad.wgsl

struct Params {
  tiles: u32,    // of THREADS*OWN tokens, over all heads and images
  queries: u32,
  keys: u32,
  heads: u32,
  row: u32,
  head: u32,
  kfirst: u32,   // first vector of k and v in a token
  vfirst: u32,
  maskrow: u32,  // values of mask from one query to the next
  scale: f32,
  stream: u32,     // of the dropout
  threshold: u32,
  keep: f32,       // what weights that stay are multiplied with
}

@group(0) @binding(4) var<storage, read> dout: array<vec4f>;
@group(0) @binding(5) var<storage, read> stats: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let t = own_tokens(tile, lid, p.queries, p.heads);
  let others = t.image * p.keys * p.row + t.head * p.head;
  var x: array<vec4f, ACC>;
  var g: array<vec4f, ACC>;
  var acc: array<vec4f, ACC>;
  var stat: array<vec4f, OWN>;
  var qk: array<f32, OWN>;
  var gv: array<f32, OWN>;
  for (var i = 0u; i < OWN; i++) {
    let query = min(t.first + i, p.queries - 1u);
    let at = (t.image * p.queries + query) * p.row + t.head * p.head;
    let at_out = ((t.image * p.queries + query) * p.heads + t.head) * D4;
    for (var d = 0u; d < D4; d++) {
      x[i * D4 + d] = q[at + d];
      g[i * D4 + d] = dout[at_out + d];
      acc[i * D4 + d] = vec4f(0.0);
    }
    stat[i] = bitcast<vec4f>(stats[(t.image * p.heads + t.head) * p.queries + query]);
  }
  let words = stats[select(0u, p.tiles / ((p.queries + THREADS * OWN - 1u) / (THREADS * OWN)) * p.queries, DROP)];
  var by: array<vec4f, OWN>;
  for (var key = 0u; key < p.keys; key++) {
    let at = others + key * p.row;
    for (var i = 0u; i < OWN; i++) {
      qk[i] = 0.0;
      gv[i] = 0.0;
    }
    for (var d = 0u; d < D4; d++) {
      let kd = k[at + p.kfirst + d];
      let vd = v[at + p.vfirst + d];
      for (var i = 0u; i < OWN; i++) {
        qk[i] += dot(x[i * D4 + d], kd);
        gv[i] += dot(g[i * D4 + d], vd);
      }
    }
    if (DROP && key % 4u == 0u) {
      for (var i = 0u; i < OWN; i++) {
        let row = (t.image * p.heads + t.head) * p.queries + t.first + i;
        by[i] = drop(Drop(p.stream, p.threshold, p.keep), words, row, key / 4u);
      }
    }
    for (var i = 0u; i < OWN; i++) {
      if (DROP) { gv[i] *= by[i][key % 4u]; }
      let w = weight(score(qk[i], min(t.first + i, p.queries - 1u), key, p.maskrow, p.scale), stat[i]);
      gv[i] = p.scale * w * (gv[i] - stat[i].z);
    }
    for (var d = 0u; d < D4; d++) {
      let kd = k[at + p.kfirst + d];
      for (var i = 0u; i < OWN; i++) { acc[i * D4 + d] += gv[i] * kd; }
    }
  }
  for (var i = 0u; i < OWN; i++) {
    if (t.first + i < p.queries) {
      let at = (t.image * p.queries + t.first + i) * p.row + t.head * p.head;
      for (var d = 0u; d < D4; d++) { dq[at + d] = acc[i * D4 + d]; }
    }
  }
}
