// y = a b, or y + a b with ADD, read through windows of uniform memory: the form for
// CPU adapters, which read uniforms many times as fast as storage. One register block
// per invocation.
//
// a: a window of [rows, K]; b: a window of [K, columns], K and columns padded to four;
// y: [rows, columns] from vector first on, ystride4 from one row to the next.
// Settable: A, B (vectors of the windows), ADD, LANES (how many of the 8 invocations lie
// side by side over columns; the others over rows), ROWS up to 16 and COLUMNS up to 4
// (matmul_block.wgsl). Workgroup: 8 invocations.

//@use grid.wgsl
//@use matmul_block.wgsl

const A: u32 = 4096u; //@set
const B: u32 = 4096u; //@set
const ADD: bool = false; //@set
const LANES: u32 = 8u; //@set

struct Params {
  rows: u32,
  k4: u32,        // vectors of a row of a
  stride4: u32,   // and from one row of a to the next
  columns4: u32,  // vectors of a row of b and y
  abegin: u32,    // where a begins in its window
  bbegin: u32,
  first: u32,     // where y begins
  ystride4: u32,
  coltiles: u32,  // of LANES invocations
}

@group(0) @binding(0) var<uniform> a: array<vec4f, A>;
@group(0) @binding(1) var<uniform> b: array<vec4f, B>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn multiply(row: u32, k: u32) {
//@for i ROWS
  accumulate$i(a[p.abegin + min(row + $iu, p.rows - 1u) * p.stride4 + k]);
//@end
}

fn store(row: u32, column: u32) {
//@for i ROWS
  if (row + $iu < p.rows) {
    let at = p.first + (row + $iu) * p.ystride4 + column;
//@for q COLUMNS
    if (column + $qu < p.columns4) {
      if (ADD) { acc$i_$q += y[at + $qu]; }
      y[at + $qu] = acc$i_$q;
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
  for (var k = 0u; k < p.k4; k++) {
    let at = p.bbegin + 4u * k * p.columns4;
//@for q COLUMNS
//@for j 4
    block$q_$j = b[at + $ju * p.columns4 + min(column + $qu, p.columns4 - 1u)];
//@end
//@end
    multiply(row, k);
  }
  store(row, column);
}
