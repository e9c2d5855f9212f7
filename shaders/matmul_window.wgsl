// y = act(a b + bias) + residual, or act(y + a b + bias) + residual with ADD, read through
// windows of uniform memory: the form for CPU adapters that read uniforms many times as
// fast as storage. One register block per invocation.
//
// a: a window of [rows, K] in PARTS parts of k4 vectors, plane vectors apart; b0 to b3: a
// window for each part of [K, columns], what is over parts bound and not read; K and
// columns are padded to four. y: [rows, columns] from vector first on, ystride4 from one
// row to the next; bias and residual as matmul_epilogue.wgsl has them.
// Settable: A, B (vectors of the windows), PARTS (4, or 1 for one), ADD, LANES (how many of the 8
// invocations lie side by side over columns; the others over rows), ROWS up to 16 and
// COLUMNS up to 4 (matmul_block.wgsl), ACT, BIAS, RESIDUAL. Workgroup: 8 invocations.

//@use grid.wgsl
//@use matmul_block.wgsl
//@use matmul_epilogue.wgsl

const A: u32 = 4096u; //@set
const B: u32 = 4096u; //@set
const PARTS: u32 = 1u; //@set
const ADD: bool = false; //@set
const LANES: u32 = 8u; //@set

struct Params {
  rows: u32,
  parts: u32,     // that have rows of b
  k4: u32,        // vectors of a row of a, in a part
  last4: u32,     // and in the last part
  stride4: u32,   // from one row of a to the next
  plane: u32,     // from one part of a to the next
  columns: u32,
  columns4: u32,  // vectors of a row of b and y
  abegin: u32,    // where a begins in its window
  bbegin0: u32,
  bbegin1: u32,
  bbegin2: u32,
  bbegin3: u32,
  first: u32,     // where y begins
  ystride4: u32,
  coltiles: u32,  // of LANES invocations
}

@group(0) @binding(0) var<uniform> a: array<vec4f, A>;
@group(0) @binding(1) var<uniform> b0: array<vec4f, B>;
@group(0) @binding(5) var<uniform> b1: array<vec4f, B>;
@group(0) @binding(6) var<uniform> b2: array<vec4f, B>;
@group(0) @binding(7) var<uniform> b3: array<vec4f, B>;
@group(0) @binding(8) var<uniform> p: Params;

// How many vectors of K part n has.
fn part(n: u32) -> u32 {
  if (n + 1u < p.parts) { return p.k4; }
  return select(0u, p.last4, n + 1u == p.parts);
}

fn multiply(at: u32, row: u32) {
//@for i ROWS
  accumulate$i(a[at + min(row + $iu, p.rows - 1u) * p.stride4]);
//@end
}

fn store(row: u32, column: u32) {
//@for i ROWS
  if (row + $iu < p.rows) {
    let at = p.first + (row + $iu) * p.ystride4 + column;
//@for q COLUMNS
    if (column + $qu < p.columns4) {
      if (ADD) { acc$i_$q += y[at + $qu]; }
      y[at + $qu] = keep_channels(acc$i_$q, 4u * (column + $qu), p.columns);
    }
//@end
  }
//@end
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let group = linear_group(wid, nwg);
  let column = (group % p.coltiles * LANES + lid % LANES) * COLUMNS;
  let row = (group / p.coltiles * (8u / LANES) + lid / LANES) * ROWS;
  if (row >= p.rows || column >= p.columns4) { return; }
//@for w PARTS
  for (var k = 0u; k < part($wu); k++) {
    let at = p.bbegin$w + 4u * k * p.columns4;
//@for q COLUMNS
//@for j 4
    block$q_$j = b$w[at + $ju * p.columns4 + min(column + $qu, p.columns4 - 1u)];
//@end
//@end
    multiply(p.abegin + $wu * p.plane + k, row);
  }
//@end
  store(row, column);
  // In memory, and as a loop that drivers do not unroll: compiled for every value
  // of the block, an epilogue with GELU takes a driver tens of seconds.
  if (!PLAIN) {
    for (var i = 0u; i < min(ROWS, p.rows - row) * COLUMNS; i++) {
      let c = column + i % COLUMNS;
      let at = p.first + (row + i / COLUMNS) * p.ystride4 + c;
      if (c < p.columns4) { finish(y[at], at, c, p.columns); }
    }
  }
}
