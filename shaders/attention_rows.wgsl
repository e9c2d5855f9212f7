// What attention.wgsl does, with one invocation per query and no shared memory:
// for CPU adapters. All invocations of a workgroup read the same keys.
//
// Operands and uniform as there. The keys come in fours. Settable: MASK; D4,
// vectors of a head. Workgroup: 8 invocations, 8 queries of a head.

//@use grid.wgsl

const MASK: bool = false; //@set
const D4: u32 = 16u; //@set

struct Params {
  tiles: u32,    // of 8 queries, over all heads and images
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

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> mask: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

const NONE: f32 = -3.4028234e38;  // score of a key that does not count

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let across = (p.queries + 7u) / 8u;
  let row = tile % across * 8u + lid;
  let query = min(row, p.queries - 1u);
  let head = tile / across % p.heads;
  let image = tile / across / p.heads;
  let qbase = (image * p.queries + query) * p.row + head * p.head;
  let kbase = image * p.keys * p.row + head * p.head + p.kfirst;
  let vbase = image * p.keys * p.row + head * p.head + p.vfirst;

  var x: array<vec4f, D4>;
  var acc: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) { x[d] = q[qbase + d] * p.scale; }
  var top = NONE;
  var sum = 0.0;

  for (var key = 0u; key < p.keys; key += 4u) {
    let column = vec4u(key) + vec4u(0u, 1u, 2u, 3u);
    let at = min(column, vec4u(p.keys - 1u)) * p.row;
    let ka = at + kbase;
    var score = vec4f(0.0);
    for (var d = 0u; d < D4; d++) {
      score += vec4f(dot(x[d], k[ka.x + d]), dot(x[d], k[ka.y + d]), dot(x[d], k[ka.z + d]), dot(x[d], k[ka.w + d]));
    }
    var counts = column < vec4u(p.keys);
    if (MASK) {
      let m = mask[(query * p.maskrow + key) / 4u];
      counts = counts & (m > vec4f(-1e30));
      score += m;
    }
    score = select(vec4f(NONE), score, counts);
    let most = max(top, max(max(score.x, score.y), max(score.z, score.w)));
    let keep = exp(top - most);
    let w = select(vec4f(0.0), exp(score - most), counts);
    top = most;
    sum = sum * keep + ((w.x + w.y) + (w.z + w.w));
    let va = at + vbase;
    for (var d = 0u; d < D4; d++) {
      acc[d] = acc[d] * keep + (w.x * v[va.x + d] + w.y * v[va.y + d] + w.z * v[va.z + d] + w.w * v[va.w + d]);
    }
  }

  if (row >= p.queries) { return; }
  for (var d = 0u; d < D4; d++) {
    o[((image * p.queries + row) * p.heads + head) * D4 + d] = select(acc[d] / sum, vec4f(0.0), sum == 0.0);
  }
}
