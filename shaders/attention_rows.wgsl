// What attention.wgsl does, without shared memory: for CPU adapters. An invocation
// has OWN queries and takes eight keys at a time, so that each vector it loads is
// used OWN or eight times; all invocations of a workgroup read the same keys.
//
// Operands and uniform as there. Settable: MASK; DROP; D4, vectors of a head; OWN;
// ACC = OWN*D4. Workgroup: 8 invocations, 8*OWN queries of a head.

//@use grid.wgsl
//@use attentiondrop.wgsl

const MASK: bool = false; //@set
const D4: u32 = 16u; //@set
const OWN: u32 = 4u; //@set
const ACC: u32 = 64u; //@set

struct Params {
  tiles: u32,    // of 8*OWN queries, over all heads and images
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
@group(0) @binding(3) var<storage, read> mask: array<vec4f>;
@group(0) @binding(4) var<storage, read> words: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

const NONE: f32 = -3.4028234e38;  // score of a key that does not count

// Scores of a query and four keys, with what the mask adds; NONE where it hides.
fn masked(score: vec4f, query: u32, key: u32) -> vec4f {
  let within = vec4u(key) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.keys);
  if (!MASK) { return select(vec4f(NONE), score, within); }
  let m = mask[(query * p.maskrow + min(key, p.maskrow - 4u)) / 4u];
  return select(vec4f(NONE), score + m, within & (m > vec4f(-1e30)));
}

fn most(a: vec4f, b: vec4f) -> f32 {
  let m = max(a, b);
  return max(max(m.x, m.y), max(m.z, m.w));
}

fn weight(score: vec4f, top: f32) -> vec4f {
  return select(vec4f(0.0), exp(score - top), score != vec4f(NONE));
}

fn total(a: vec4f, b: vec4f) -> f32 {
  let s = a + b;
  return (s.x + s.y) + (s.z + s.w);
}

// sum + the products of x with four vectors, one to a component.
fn dots(x: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f, sum: vec4f) -> vec4f {
  var s = fma(vec4f(x.x), vec4f(a.x, b.x, c.x, d.x), sum);
  s = fma(vec4f(x.y), vec4f(a.y, b.y, c.y, d.y), s);
  s = fma(vec4f(x.z), vec4f(a.z, b.z, c.z, d.z), s);
  return fma(vec4f(x.w), vec4f(a.w, b.w, c.w, d.w), s);
}

// sum + w.x a + w.y b + w.z c + w.w d.
fn mix4(w: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f, sum: vec4f) -> vec4f {
  return fma(vec4f(w.w), d, fma(vec4f(w.z), c, fma(vec4f(w.y), b, fma(vec4f(w.x), a, sum))));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let tile = linear_group(wid, nwg);
  if (tile >= p.tiles) { return; }
  let across = (p.queries + 8u * OWN - 1u) / (8u * OWN);
  let query = (tile % across * 8u + lid) * OWN;
  let head = tile / across % p.heads;
  let image = tile / across / p.heads;
  let qbase = image * p.queries * p.row + head * p.head;
  let kbase = image * p.keys * p.row + head * p.head + p.kfirst;
  let vbase = image * p.keys * p.row + head * p.head + p.vfirst;

  var at: array<u32, OWN>;
  var top: array<f32, OWN>;
  var sum: array<f32, OWN>;
  var acc: array<vec4f, ACC>;
  var s: array<vec4f, OWN>;  // scores, then weights, of four keys
  var t: array<vec4f, OWN>;  // and of the next four
  for (var i = 0u; i < OWN; i++) {
    top[i] = NONE;
    at[i] = qbase + min(query + i, p.queries - 1u) * p.row;
  }

  for (var key = 0u; key < p.keys; key += 8u) {
    let ks = min(vec4u(key) + vec4u(0u, 1u, 2u, 3u), vec4u(p.keys - 1u)) * p.row;
    let kt = min(vec4u(key) + vec4u(4u, 5u, 6u, 7u), vec4u(p.keys - 1u)) * p.row;
    for (var i = 0u; i < OWN; i++) {
      s[i] = vec4f(0.0);
      t[i] = vec4f(0.0);
    }
    for (var d = kbase; d < kbase + D4; d++) {
      let k0 = k[ks.x + d];
      let k1 = k[ks.y + d];
      let k2 = k[ks.z + d];
      let k3 = k[ks.w + d];
      let k4 = k[kt.x + d];
      let k5 = k[kt.y + d];
      let k6 = k[kt.z + d];
      let k7 = k[kt.w + d];
      for (var i = 0u; i < OWN; i++) {
        let x = q[at[i] + (d - kbase)];
        s[i] = dots(x, k0, k1, k2, k3, s[i]);
        t[i] = dots(x, k4, k5, k6, k7, t[i]);
      }
    }
    var keep: array<f32, OWN>;
    for (var i = 0u; i < OWN; i++) {
      let row = min(query + i, p.queries - 1u);
      s[i] = masked(s[i] * p.scale, row, key);
      t[i] = masked(t[i] * p.scale, row, key + 4u);
      let up = max(top[i], most(s[i], t[i]));
      keep[i] = exp(top[i] - up);
      top[i] = up;
      s[i] = weight(s[i], up);
      t[i] = weight(t[i], up);
      sum[i] = sum[i] * keep[i] + total(s[i], t[i]);
      if (DROP) {
        let d = Drop(p.stream, p.threshold, p.keep);
        let at = (image * p.heads + head) * p.queries + query + i;
        s[i] *= drop(d, words[0], at, key / 4u);
        t[i] *= drop(d, words[0], at, key / 4u + 1u);
      }
    }
    for (var d = 0u; d < D4; d++) {
      let v0 = v[vbase + ks.x + d];
      let v1 = v[vbase + ks.y + d];
      let v2 = v[vbase + ks.z + d];
      let v3 = v[vbase + ks.w + d];
      let v4 = v[vbase + kt.x + d];
      let v5 = v[vbase + kt.y + d];
      let v6 = v[vbase + kt.z + d];
      let v7 = v[vbase + kt.w + d];
      for (var i = 0u; i < OWN; i++) {
        let y = mix4(s[i], v0, v1, v2, v3, acc[i * D4 + d] * keep[i]);
        acc[i * D4 + d] = mix4(t[i], v4, v5, v6, v7, y);
      }
    }
  }

  for (var i = 0u; i < OWN; i++) {
    if (query + i < p.queries) {
      let scale = select(1.0 / sum[i], 0.0, sum[i] == 0.0);
      let first = ((image * p.queries + query + i) * p.heads + head) * D4;
      for (var d = 0u; d < D4; d++) { o[first + d] = acc[i * D4 + d] * scale; }
    }
  }
}
