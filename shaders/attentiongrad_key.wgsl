// Last pass of the gradient of attention, by the keys and values:
// dv_j = sum_i b_ij w_ij do_i, dk_j = scale * sum_i w_ij (b_ij do_i.v_j - do_i.o_i) q_i,
// b_ij what the dropout multiplies with.
//
// Operands and settings as in attentiongrad.wgsl; dout: [N, queries, heads * 4*D4];
// stats: what attentiongrad_stats.wgsl leaves; dk, dv: as k and v. Settable too:
// PACKED, dv is in dk, and its binding is never written. Workgroup: THREADS
// invocations, OWN keys each.

//@use grid.wgsl
//@use attentiongrad.wgsl

const PACKED: bool = false; //@set

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
@group(0) @binding(6) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dv: array<vec4f>;
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let t = own_tokens(tile, lid, p.keys, p.heads);
  let others = t.image * p.queries * p.row + t.head * p.head;
  let outs = (t.image * p.queries * p.heads + t.head) * D4;
  var x: array<vec4f, ACC>;
  var y: array<vec4f, ACC>;
  var acc_k: array<vec4f, ACC>;
  var acc_v: array<vec4f, ACC>;
  var qk: array<f32, OWN>;
  var gv: array<f32, OWN>;
  for (var i = 0u; i < OWN; i++) {
    let at = (t.image * p.keys + min(t.first + i, p.keys - 1u)) * p.row + t.head * p.head;
    for (var d = 0u; d < D4; d++) {
      x[i * D4 + d] = k[at + p.kfirst + d];
      y[i * D4 + d] = v[at + p.vfirst + d];
      acc_k[i * D4 + d] = vec4f(0.0);
      acc_v[i * D4 + d] = vec4f(0.0);
    }
  }
  let words = stats[select(0u, p.tiles / ((p.keys + THREADS * OWN - 1u) / (THREADS * OWN)) * p.queries, DROP)];
  for (var query = 0u; query < p.queries; query++) {
    let at = others + query * p.row;
    let at_out = outs + query * p.heads * D4;
    for (var i = 0u; i < OWN; i++) {
      qk[i] = 0.0;
      gv[i] = 0.0;
    }
    for (var d = 0u; d < D4; d++) {
      let qd = q[at + d];
      let gd = dout[at_out + d];
      for (var i = 0u; i < OWN; i++) {
        qk[i] += dot(x[i * D4 + d], qd);
        gv[i] += dot(y[i * D4 + d], gd);
      }
    }
    let row = (t.image * p.heads + t.head) * p.queries + query;
    let stat = bitcast<vec4f>(stats[row]);
    for (var i = 0u; i < OWN; i++) {
      let key = min(t.first + i, p.keys - 1u);
      let w = weight(score(qk[i], query, key, p.maskrow, p.scale), stat);
      var by = 1.0;
      if (DROP) { by = drop(Drop(p.stream, p.threshold, p.keep), words, row, key / 4u)[key % 4u]; }
      qk[i] = by * w;
      gv[i] = p.scale * w * (by * gv[i] - stat.z);
    }
    for (var d = 0u; d < D4; d++) {
      let qd = q[at + d];
      let gd = dout[at_out + d];
      for (var i = 0u; i < OWN; i++) {
        acc_k[i * D4 + d] += gv[i] * qd;
        acc_v[i * D4 + d] += qk[i] * gd;
      }
    }
  }
  for (var i = 0u; i < OWN; i++) {
    if (t.first + i < p.keys) {
      let at = (t.image * p.keys + t.first + i) * p.row + t.head * p.head;
      for (var d = 0u; d < D4; d++) {
        dk[at + p.kfirst + d] = acc_k[i * D4 + d];
        if (PACKED) { dk[at + p.vfirst + d] = acc_v[i * D4 + d]; } else { dv[at + p.vfirst + d] = acc_v[i * D4 + d]; }
      }
    }
  }
}
