// First pass of the gradient of attention: for every query of every head and image
// the vector (maximum of its scores, 1/sum of their exponentials, do.o, 0), and behind
// them the words of the dropout's key.
//
// Operands and settings as in attentiongrad.wgsl; o, dout: [N, queries, heads *
// 4*D4]. Workgroup: THREADS invocations, OWN queries each.

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

@group(0) @binding(4) var<storage, read> o: array<vec4f>;
@group(0) @binding(5) var<storage, read> dout: array<vec4f>;
@group(0) @binding(6) var<storage, read> words: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> stats: array<vec4u>;
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let t = own_tokens(tile, lid, p.queries, p.heads);
  let keys = t.image * p.keys * p.row + t.head * p.head + p.kfirst;
  var x: array<vec4f, ACC>;
  var top: array<f32, OWN>;
  var sum: array<f32, OWN>;
  var product: array<f32, OWN>;
  for (var i = 0u; i < OWN; i++) {
    let at = (t.image * p.queries + min(t.first + i, p.queries - 1u)) * p.row + t.head * p.head;
    for (var d = 0u; d < D4; d++) { x[i * D4 + d] = q[at + d]; }
    top[i] = NONE;
    sum[i] = 0.0;
  }
  for (var key = 0u; key < p.keys; key++) {
    for (var i = 0u; i < OWN; i++) { product[i] = 0.0; }
    for (var d = 0u; d < D4; d++) {
      let other = k[keys + key * p.row + d];
      for (var i = 0u; i < OWN; i++) { product[i] += dot(x[i * D4 + d], other); }
    }
    for (var i = 0u; i < OWN; i++) {
      let s = score(product[i], min(t.first + i, p.queries - 1u), key, p.maskrow, p.scale);
      let up = max(top[i], s);
      sum[i] = sum[i] * exp(top[i] - up) + select(exp(s - up), 0.0, s == NONE);
      top[i] = up;
    }
  }
  for (var i = 0u; i < OWN; i++) {
    let query = t.first + i;
    if (query < p.queries) {
      let at = ((t.image * p.queries + query) * p.heads + t.head) * D4;
      var own = 0.0;
      for (var d = 0u; d < D4; d++) { own += dot(o[at + d], dout[at + d]); }
      let inverse = select(1.0 / sum[i], 0.0, sum[i] == 0.0);
      stats[(t.image * p.heads + t.head) * p.queries + query] = bitcast<vec4u>(vec4f(top[i], inverse, own, 0.0));
    }
  }
  if (DROP && tile == 0u && lid == 0u) {
    stats[p.tiles / ((p.queries + THREADS * OWN - 1u) / (THREADS * OWN)) * p.queries] = words[0];
  }
}
