// What the passes of the gradient of attention share: operands as attention.wgsl
// has them, and the weight of a key.
//
// q, k, v: vectors of four channels, row vectors from one token to the next, head
// from one head to the next; mask: [queries, keys], rows padded to four. Without
// MASK its binding is never read. A workgroup has THREADS*OWN tokens of a head, an
// invocation OWN of them, so that each vector it loads of the others is used OWN
// times. ACC is OWN*D4.
//
// stats has a vector for every query, then the words of the dropout's key; the parts
// are numbers, kept as their bits.

//@use attentiondrop.wgsl

const MASK: bool = false; //@set
const D4: u32 = 16u; //@set
const THREADS: u32 = 64u; //@set
const OWN: u32 = 1u; //@set
const ACC: u32 = 16u; //@set

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;

const NONE: f32 = -3.4028234e38;  // score of a key that does not count

// The tokens of an invocation: OWN of a head, from first on; past the end stands the
// last one, which is not stored.
struct Tokens {
  image: u32,
  head: u32,
  first: u32,
}

fn own_tokens(tile: u32, lid: u32, tokens: u32, heads: u32) -> Tokens {
  let across = (tokens + THREADS * OWN - 1u) / (THREADS * OWN);
  return Tokens(tile / across / heads, tile / across % heads, (tile % across * THREADS + lid) * OWN);
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
