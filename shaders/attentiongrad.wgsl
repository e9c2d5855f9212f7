// What the passes of the gradient of attention share: operands as attention.wgsl
// has them, and the weight of a key.
//
// q, k, v: vectors of four channels, row vectors from one token to the next, head
// from one head to the next; mask: [queries, keys], rows padded to four. Without
// MASK its binding is never read. A workgroup has THREADS tokens of a head.
const MASK: bool = false; //@set
const D4: u32 = 16u; //@set
const THREADS: u32 = 64u; //@set

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;

const NONE: f32 = -3.4028234e38;  // score of a key that does not count

// A token of a head; past the end stands the last one, which is not stored.
struct Token {
  image: u32,
  head: u32,
  index: u32,
  real: bool,
}

fn token(tile: u32, lid: u32, tokens: u32, heads: u32) -> Token {
  let across = (tokens + THREADS - 1u) / THREADS;
  let i = tile % across * THREADS + lid;
  return Token(tile / across / heads, tile / across % heads, min(i, tokens - 1u), i < tokens);
}

// A dot product of a head as a score.
fn score(product: f32, query: u32, key: u32, maskrow: u32, scale: f32) -> f32 {
  if (!MASK) { return product * scale; }
  let m = mask[query * maskrow + key];
  return select(NONE, product * scale + m, m > -1e30);
}

// stats is (maximum, 1/sum of the exponentials, do.o) of the query.
fn weight(score: f32, stats: vec4f) -> f32 {
  return select(exp(score - stats.x) * stats.y, 0.0, score == NONE);
}
