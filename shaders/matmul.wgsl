// y = act(scale * a b + bias) + residual, one register block per invocation and
// no shared memory: the form for CPU adapters, where a load costs as much as
// several multiply-adds and a barrier costs more than both.
//
// a: [B, rows, K]; b: [1 or B, K, columns], or [1 or B, columns, K] with
// TRANSPOSE, each innermost extent padded to four. The rows of b that stand for
// the padding of K may be absent. b begins at vector first of its operand.
// Settable: WEIGHT (type of b), TRANSPOSE, ADD (to what y holds), ROWS up to 16 and
// COLUMNS up to 4 (matmul_block.wgsl), ACT, BIAS, RESIDUAL (matmul_epilogue.wgsl).
// Workgroup: 8 invocations, lanes of them side by side over columns, the others over rows.

//@use grid.wgsl
//@use weight_f32.wgsl //@set WEIGHT
//@use matmul_block.wgsl
//@use matmul_epilogue.wgsl

const TRANSPOSE: bool = false; //@set
const ADD: bool = false; //@set

struct Params {
  batches: u32,
  rows: u32,
  k4: u32,        // vectors of a row of a
  depth: u32,     // rows of b without TRANSPOSE
  columns: u32,
  columns4: u32,  // vectors of a row of y
  first: u32,
  stride: u32,    // vectors from one batch of b to the next
  rowtiles: u32,  // per batch
  coltiles: u32,  // of lanes invocations
  lanes: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<Weight4>;
@group(0) @binding(5) var<uniform> p: Params;

// Loads four rows of b from row 4k on, COLUMNS vectors from column on. What is
// past an end repeats the last row or column: it meets zeros of a, or is not stored.
fn load_block(base: u32, k: u32, column: u32) {
//@for q COLUMNS
  if (TRANSPOSE) {
    var t: mat4x4f;
//@for j 4
    t[$j] = weight4(b[base + min(4u * (column + $qu) + $ju, p.columns - 1u) * p.k4 + k]);
//@end
    t = transpose(t);
//@for j 4
    block$q_$j = t[$j];
//@end
  } else {
    let c = min(column + $qu, p.columns4 - 1u);
//@for j 4
    block$q_$j = weight4(b[base + min(4u * k + $ju, p.depth - 1u) * p.columns4 + c]);
//@end
  }
//@end
}

fn multiply(start: u32, row: u32, k: u32) {
//@for i ROWS
  accumulate$i(a[(start + min(row + $iu, p.rows - 1u)) * p.k4 + k]);
//@end
}

fn store(start: u32, row: u32, column: u32) {
//@for i ROWS
  if (row + $iu < p.rows) {
    let at = (start + row + $iu) * p.columns4 + column;
//@for q COLUMNS
    if (column + $qu < p.columns4) {
      var v = p.scale * acc$i_$q;
      if (ADD) { v += y[at + $qu]; }
      y[at + $qu] = keep_channels(v, 4u * (column + $qu), p.columns);
    }
//@end
  }
//@end
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let group = linear_group(wid, nwg);
  let column = (group % p.coltiles * p.lanes + lid % p.lanes) * COLUMNS;
  let tile = group / p.coltiles * (8u / p.lanes) + lid / p.lanes;
  let batch = tile / p.rowtiles;
  let row = tile % p.rowtiles * ROWS;
  if (batch >= p.batches || column >= p.columns4) { return; }
  let start = batch * p.rows;
  for (var k = 0u; k < p.k4; k++) {
    load_block(p.first + batch * p.stride, k, column);
    multiply(start, row, k);
  }
  store(start, row, column);
  // In memory, and as a loop that drivers do not unroll: compiled for every value
  // of the block, an epilogue with GELU takes a driver tens of seconds.
  if (!PLAIN) {
    for (var i = 0u; i < min(ROWS, p.rows - row) * COLUMNS; i++) {
      let c = column + i % COLUMNS;
      let at = (start + row + i / COLUMNS) * p.columns4 + c;
      if (c < p.columns4) { finish(y[at], at, c, p.columns); }
    }
  }
}
