// y = act(a b + bias) + residual, read through windows of uniform memory: the form for CPU
// adapters that read uniforms many times as fast as storage. One register block per
// invocation.
//
// Three sections: each is a product of its own, or with sum a term of one, with add of one
// that y has a part of. a0 to a2: windows of [rows, K], stride vectors from a row to the
// next; b0 to b2: of [K, columns]; a section without rows is bound and not read. K and
// columns are padded to four. y: [rows, columns] from vector first on, ystride4 from one
// row to the next; bias: [1, 1, 1, C], residual: as y.
// Settable: ROWS up to 16 and COLUMNS up to 4 (matmul_block.wgsl), ACT (activation.wgsl).
// Workgroup: 8 invocations, lanes of them side by side over columns, the others over rows.

//@use grid.wgsl
//@use matmul_block.wgsl
//@use channels.wgsl
//@use activation.wgsl

struct Params {
  rows0: u32,
  rows1: u32,
  rows2: u32,
  depth0: u32,    // vectors of K
  depth1: u32,
  depth2: u32,
  stride0: u32,
  stride1: u32,
  stride2: u32,
  abegin0: u32,   // where a begins in its window
  abegin1: u32,
  abegin2: u32,
  bbegin0: u32,
  bbegin1: u32,
  bbegin2: u32,
  first0: u32,    // where y begins
  first1: u32,
  first2: u32,
  columns: u32,
  columns4: u32,  // vectors of a row of b and y
  ystride4: u32,
  coltiles: u32,  // of lanes invocations
  lanes: u32,
  tiles: u32,     // workgroups of a section
  sum: u32,       // these are 0 or 1
  add: u32,
  bias: u32,
  residual: u32,
}

@group(0) @binding(0) var<uniform> a0: array<vec4f, 4096>;
@group(0) @binding(1) var<uniform> b0: array<vec4f, 4096>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> a1: array<vec4f, 4096>;
@group(0) @binding(6) var<uniform> b1: array<vec4f, 4096>;
@group(0) @binding(7) var<uniform> a2: array<vec4f, 4096>;
@group(0) @binding(8) var<uniform> b2: array<vec4f, 4096>;
@group(0) @binding(9) var<uniform> p: Params;

// Of three numbers, one for each section.
fn pick(section: u32, n0: u32, n1: u32, n2: u32) -> u32 {
  return select(select(n2, n1, section == 1u), n0, section == 0u);
}

//@for w 3
fn multiply$w(at: u32, row: u32) {
//@for i ROWS
  accumulate$i(a$w[at + min(row + $iu, p.rows$w - 1u) * p.stride$w]);
//@end
}
//@end

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let group = linear_group(wid, nwg);
  let section = group / p.tiles;
  let tile = group % p.tiles;
  let column = (tile % p.coltiles * p.lanes + lid % p.lanes) * COLUMNS;
  let row = (tile / p.coltiles * (8u / p.lanes) + lid / p.lanes) * ROWS;
  let rows = pick(section, p.rows0, p.rows1, p.rows2);
  if (section > 2u || row >= rows || column >= p.columns4) { return; }
  // A loop that ends at its end: a CPU takes another turn of one that ends at its beginning.
//@for w 3
  if (section == $wu || (p.sum != 0u && p.depth$w > 0u)) {
    var k = 0u;
    loop {
      let at = p.bbegin$w + 4u * k * p.columns4;
//@for q COLUMNS
//@for j 4
      block$q_$j = b$w[at + $ju * p.columns4 + min(column + $qu, p.columns4 - 1u)];
//@end
//@end
      multiply$w(p.abegin$w + k, row);
      continuing {
        k++;
        break if k >= p.depth$w;
      }
    }
  }
//@end
  let first = pick(section, p.first0, p.first1, p.first2) + row * p.ystride4 + column;
  let block = min(ROWS, rows - row) * COLUMNS;
  if (p.add != 0u) {
//@for i ROWS
//@for q COLUMNS
    acc$i_$q += y[first + min($iu, rows - row - 1u) * p.ystride4 + min($qu, p.columns4 - column - 1u)];
//@end
//@end
  }
//@for i ROWS
  if (row + $iu < rows) {
//@for q COLUMNS
    if (column + $qu < p.columns4) {
      y[first + $iu * p.ystride4 + $qu] = keep_channels(acc$i_$q, 4u * (column + $qu), p.columns);
    }
//@end
  }
//@end
  // In memory, and as a loop that drivers do not unroll: compiled for every value
  // of the block, an activation takes a driver tens of seconds.
  let ends = ACT != 0u || p.bias != 0u || p.residual != 0u;
  for (var i = select(block, 0u, ends); i < block; i++) {
    let c = column + i % COLUMNS;
    let at = first + i / COLUMNS * p.ystride4 + i % COLUMNS;
    if (c < p.columns4) {
      var v = y[at];
      if (p.bias != 0u) { v += bias[c]; }
      v = activate(v);
      if (p.residual != 0u) { v += residual[at]; }
      y[at] = keep_channels(v, 4u * c, p.columns);
    }
  }
}
