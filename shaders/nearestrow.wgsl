// The smallest distance of every pixel to the rows of a bank,
// y = min_m sqrt(sum_c (s x_c - bank_mc)^2), where s is 1 or with UNIT 1/|x|.
//
// x: [N, H, W, C] and bank: [1, 1, M, C], channels padded to four; part:
// [parts, pixels], the least squares over a part of the bank; y: [N, H, W, 1].
// Two dispatches share the file: without LAST each invocation compares four pixels
// with the rows of one part, four at a time, and only keeps the minima; with LAST
// each invocation joins the parts of four pixels. Minima do not depend on their order.
// Settable: LAST, UNIT, THREADS. Workgroup: THREADS invocations, nothing shared.

//@use grid.wgsl

const LAST: bool = false; //@set
const UNIT: bool = false; //@set
const THREADS: u32 = 64u; //@set

struct Params {
  pixels: u32,
  c4: u32,
  rows: u32,
  parts: u32,
  per_part: u32,  // rows of a part, the last one may have fewer
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> bank: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> part: array<vec4f>;  // [parts][quads]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

const FAR: f32 = 3.4028234e38;

// What is past an end repeats the last pixel or row: it is not stored, or cannot be
// less than itself.
fn pixel(i: u32) -> u32 { return min(i, p.pixels - 1u) * p.c4; }

// Factors of four pixels.
fn scales(at: vec4u) -> vec4f {
  if (!UNIT) { return vec4f(1.0); }
  var sum = vec4f(0.0);
  for (var k = 0u; k < p.c4; k++) {
    let a = x[at.x + k];
    let b = x[at.y + k];
    let c = x[at.z + k];
    let d = x[at.w + k];
    sum += vec4f(dot(a, a), dot(b, b), dot(c, c), dot(d, d));
  }
  // A pixel of zeros stays one.
  return 1.0 / sqrt(max(sum, vec4f(1e-30)));
}

fn squares(a: vec4f, b: vec4f) -> f32 {
  let d = a - b;
  return dot(d, d);
}

// The squared distances of one row to four pixels, lane by lane.
fn compare(q0: vec4f, q1: vec4f, q2: vec4f, q3: vec4f, row: vec4f) -> vec4f {
  return vec4f(squares(q0, row), squares(q1, row), squares(q2, row), squares(q3, row));
}

fn search(quad: u32, which: u32) {
  let at = vec4u(pixel(4u * quad), pixel(4u * quad + 1u), pixel(4u * quad + 2u), pixel(4u * quad + 3u));
  let s = scales(at);
  var best = vec4f(FAR);
  let end = min((which + 1u) * p.per_part, p.rows);
  for (var m = which * p.per_part; m < end; m += 4u) {
    let r0 = m * p.c4;
    let r1 = min(m + 1u, end - 1u) * p.c4;
    let r2 = min(m + 2u, end - 1u) * p.c4;
    let r3 = min(m + 3u, end - 1u) * p.c4;
    var d0 = vec4f(0.0);
    var d1 = vec4f(0.0);
    var d2 = vec4f(0.0);
    var d3 = vec4f(0.0);
    for (var k = 0u; k < p.c4; k++) {
      let q0 = s.x * x[at.x + k];
      let q1 = s.y * x[at.y + k];
      let q2 = s.z * x[at.z + k];
      let q3 = s.w * x[at.w + k];
      d0 += compare(q0, q1, q2, q3, bank[r0 + k]);
      d1 += compare(q0, q1, q2, q3, bank[r1 + k]);
      d2 += compare(q0, q1, q2, q3, bank[r2 + k]);
      d3 += compare(q0, q1, q2, q3, bank[r3 + k]);
    }
    best = min(best, min(min(d0, d1), min(d2, d3)));
  }
  part[which * ((p.pixels + 3u) / 4u) + quad] = best;
}

fn join(quad: u32) {
  var best = vec4f(FAR);
  let quads = (p.pixels + 3u) / 4u;
  for (var i = 0u; i < p.parts; i++) { best = min(best, part[i * quads + quad]); }
  best = sqrt(best);
  for (var i = 0u; i < 4u; i++) {
    if (4u * quad + i < p.pixels) { y[4u * quad + i] = vec4f(best[i], 0.0, 0.0, 0.0); }
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * THREADS + lid;
  let quads = (p.pixels + 3u) / 4u;
  if (LAST) {
    if (i < quads) { join(i); }
  } else if (i < quads * p.parts) {
    search(i % quads, i / quads);
  }
}
