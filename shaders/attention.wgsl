// o_i = sum_j w_ij v_j, w_ij = softmax over j of (scale q_i.k_j + mask_ij), for
// every image and head, without the matrix w: the keys come in tiles of 32, and
// maximum, sum and output are rescaled as the maximum grows. Tiles for GPUs;
// attention_rows.wgsl does the same with one invocation per query.
//
// q, k, v: vectors of four channels, row vectors from one token to the next, head
// from one head to the next; o: [N, queries, heads * 4*D4]; mask: [queries, keys],
// rows padded to four. A key with a mask of at most -1e30 weighs exactly zero; a
// query without any other key gives zeros. Without MASK its binding is never read.
// With DROP weights are dropped as attentiondrop.wgsl says, which does not change
// their sum. Settable: MASK; DROP; D4, vectors of a head; CHUNKS = ceil(D4/8); ACC = 4*CHUNKS.
// Workgroup: 8x8 invocations for 32 queries of a head. Invocation (a, b) has the
// queries a, a+8, a+16, a+24, of the scores the keys b, b+8, b+16, b+24, and of
// the output the vectors b, b+8, ... Shared: 12,800 bytes.

//@use grid.wgsl
//@use attentiondrop.wgsl

const MASK: bool = false; //@set
const D4: u32 = 16u; //@set
const CHUNKS: u32 = 2u; //@set
const ACC: u32 = 8u; //@set

struct Params {
  tiles: u32,    // of 32 queries, over all heads and images
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

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read> words: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

const NONE: f32 = -3.4028234e38;  // score of a key that does not count

var<workgroup> left: array<vec4f, 256>;    // 32 queries of 8 vectors
var<workgroup> right: array<vec4f, 288>;   // 32 keys of 8 vectors, rows 9 apart
var<workgroup> weights: array<vec4f, 256>; // 32 queries: at b the keys b, b+8, b+16, b+24

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let a = lid / 8u;
  let b = lid % 8u;
  let across = (p.queries + 31u) / 32u;
  let query = tile % across * 32u;
  let head = tile / across % p.heads;
  let image = tile / across / p.heads;
  let qbase = image * p.queries * p.row + head * p.head;
  let kbase = image * p.keys * p.row + head * p.head + p.kfirst;
  let vbase = image * p.keys * p.row + head * p.head + p.vfirst;

  var top = vec4f(NONE);  // of the four queries: maximum, sum of weights, output
  var sum = vec4f(0.0);
  var acc: array<vec4f, ACC>;
  var score: array<vec4f, 4>;

  for (var key = 0u; key < p.keys; key += 32u) {
    for (var i = 0u; i < 4u; i++) { score[i] = vec4f(0.0); }
    for (var c = 0u; c < CHUNKS; c++) {
      workgroupBarrier();
      for (var n = 0u; n < 4u; n++) {
        let row = n * 8u + a;
        let d = c * 8u + b;
        var x = vec4f(0.0);
        var y = vec4f(0.0);
        if (d < D4 && query + row < p.queries) { x = q[qbase + (query + row) * p.row + d] * p.scale; }
        if (d < D4 && key + row < p.keys) { y = k[kbase + (key + row) * p.row + d]; }
        left[row * 8u + b] = x;
        right[row * 9u + b] = y;
      }
      workgroupBarrier();
      for (var d = 0u; d < 8u; d++) {
        let k0 = right[b * 9u + d];
        let k1 = right[(b + 8u) * 9u + d];
        let k2 = right[(b + 16u) * 9u + d];
        let k3 = right[(b + 24u) * 9u + d];
        for (var i = 0u; i < 4u; i++) {
          let x = left[(a + i * 8u) * 8u + d];
          score[i] += vec4f(dot(x, k0), dot(x, k1), dot(x, k2), dot(x, k3));
        }
      }
    }

    let column = vec4u(key + b) + vec4u(0u, 8u, 16u, 24u);
    let within = column < vec4u(p.keys);
    for (var i = 0u; i < 4u; i++) {
      var counts = within;
      if (MASK) {
        let row = min(query + a + i * 8u, p.queries - 1u) * p.maskrow;
        let at = vec4u(row) + min(column, vec4u(p.keys - 1u));
        let m = vec4f(mask[at.x], mask[at.y], mask[at.z], mask[at.w]);
        counts = counts & (m > vec4f(-1e30));
        score[i] += m;
      }
      score[i] = select(vec4f(NONE), score[i], counts);
      weights[(a + i * 8u) * 8u + b] = score[i];
    }
    workgroupBarrier();

    var most = top;
    for (var i = 0u; i < 4u; i++) {
      var m = vec4f(NONE);
      for (var n = 0u; n < 8u; n++) { m = max(m, weights[(a + i * 8u) * 8u + n]); }
      most[i] = max(most[i], max(max(m.x, m.y), max(m.z, m.w)));
    }
    let keep = exp(top - most);
    top = most;
    sum *= keep;
    for (var n = 0u; n < ACC; n++) { acc[n] *= keep[n % 4u]; }
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) {
      let counts = score[i] != vec4f(NONE);
      weights[(a + i * 8u) * 8u + b] = select(vec4f(0.0), exp(score[i] - top[i]), counts);
    }
    if (DROP) {
      workgroupBarrier();
      for (var n = 0u; n < 8u; n++) {
        for (var i = 0u; i < 4u; i++) {
          let w = weights[(a + i * 8u) * 8u + n];
          sum[i] += (w.x + w.y) + (w.z + w.w);
        }
      }
      workgroupBarrier();
      for (var i = 0u; i < 4u; i++) {
        let row = (image * p.heads + head) * p.queries + query + a + i * 8u;
        var by: vec4f;
        for (var j = 0u; j < 4u; j++) {
          by[j] = drop(Drop(p.stream, p.threshold, p.keep), words[0], row, column[j] / 4u)[column[j] % 4u];
        }
        weights[(a + i * 8u) * 8u + b] *= by;
      }
    }

    for (var c = 0u; c < CHUNKS; c++) {
      workgroupBarrier();
      for (var n = 0u; n < 4u; n++) {
        let row = n * 8u + a;
        let d = c * 8u + b;
        var x = vec4f(0.0);
        if (d < D4 && key + row < p.keys) { x = v[vbase + (key + row) * p.row + d]; }
        right[row * 9u + b] = x;
      }
      workgroupBarrier();
      for (var n = 0u; n < 8u; n++) {
        let v0 = right[n * 9u + b];
        let v1 = right[(n + 8u) * 9u + b];
        let v2 = right[(n + 16u) * 9u + b];
        let v3 = right[(n + 24u) * 9u + b];
        for (var i = 0u; i < 4u; i++) {
          let w = weights[(a + i * 8u) * 8u + n];
          acc[c * 4u + i] += w.x * v0 + w.y * v1 + w.z * v2 + w.w * v3;
          if (!DROP && c == 0u) { sum[i] += (w.x + w.y) + (w.z + w.w); }
        }
      }
    }
  }

  for (var i = 0u; i < 4u; i++) {
    let row = query + a + i * 8u;
    for (var c = 0u; c < CHUNKS; c++) {
      let d = c * 8u + b;
      if (row < p.queries && d < D4) {
        let y = acc[c * 4u + i] / sum[i];
        o[((image * p.queries + row) * p.heads + head) * D4 + d] = select(y, vec4f(0.0), sum[i] == 0.0);
      }
    }
  }
}
