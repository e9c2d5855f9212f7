// First pass of the gradient of attention: for every query of every head and image
// the vector (maximum of its scores, 1/sum of their exponentials, do.o, 0).
//
// Operands and settings as in attentiongrad.wgsl; o, dout: [N, queries, heads *
// 4*D4]. Workgroup: THREADS invocations, a query each.

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

@group(0) @binding(4) var<storage, read> o: array<vec4f>;
@group(0) @binding(5) var<storage, read> dout: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let t = token(tile, lid, p.queries, p.heads);
  let own = (t.image * p.queries + t.index) * p.row + t.head * p.head;
  let first = t.image * p.keys * p.row + t.head * p.head + p.kfirst;
  var x: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) { x[d] = q[own + d]; }
  var top = NONE;
  var sum = 0.0;
  for (var key = 0u; key < p.keys; key++) {
    var product = 0.0;
    for (var d = 0u; d < D4; d++) { product += dot(x[d], k[first + key * p.row + d]); }
    let s = score(product, t.index, key, p.maskrow, p.scale);
    if (s != NONE) {
      let up = max(top, s);
      sum = sum * exp(top - up) + exp(s - up);
      top = up;
    }
  }
  let at = ((t.image * p.queries + t.index) * p.heads + t.head) * D4;
  var product = 0.0;
  for (var d = 0u; d < D4; d++) { product += dot(o[at + d], dout[at + d]); }
  if (t.real) {
    let inverse = select(1.0 / sum, 0.0, sum == 0.0);
    stats[(t.image * p.heads + t.head) * p.queries + t.index] = vec4f(top, inverse, product, 0.0);
  }
}
