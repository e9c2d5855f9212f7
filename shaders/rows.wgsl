// Folds of a workgroup of THREADS invocations that is ROWS rows of LANES (a power
// of two): the lanes of a row combine their values through shared memory
// (16*THREADS bytes), always in the same order. With one lane nothing is shared
// and no barrier runs.
const ROWS: u32 = 4u; //@set
const LANES: u32 = 16u; //@set
const THREADS: u32 = 64u; //@set

const SUM: u32 = 0u;
const MAX: u32 = 1u;
const MIN: u32 = 2u;

var<workgroup> row_parts: array<vec4f, THREADS>;

fn fold(how: u32, a: vec4f, b: vec4f) -> vec4f {
  if (how == MAX) { return max(a, b); }
  if (how == MIN) { return min(a, b); }
  return a + b;
}

// What leaves the other side of a fold as it is. No literal infinity exists.
fn neutral(how: u32) -> vec4f {
  if (how == MAX) { return vec4f(-3.4028234e38); }
  if (how == MIN) { return vec4f(3.4028234e38); }
  return vec4f(0.0);
}

// Component by component over the lanes of a row; every lane gets the result.
fn fold_row(how: u32, v: vec4f, lid: u32) -> vec4f {
  if (LANES == 1u) { return v; }
  row_parts[lid] = v;
  for (var s = LANES / 2u; s > 0u; s /= 2u) {
    workgroupBarrier();
    if (lid % LANES < s) { row_parts[lid] = fold(how, row_parts[lid], row_parts[lid + s]); }
  }
  workgroupBarrier();
  let all = row_parts[lid - lid % LANES];
  workgroupBarrier();
  return all;
}

// Over the four components.
fn fold_four(how: u32, v: vec4f) -> f32 {
  let two = fold(how, v, v.zwxy);
  return fold(how, two, two.yxwz).x;
}
