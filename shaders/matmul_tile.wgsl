// y = act(scale * a b + bias) + residual through shared memory: the form for
// GPUs. Operands as in matmul.wgsl.
//
// Settable: WEIGHT (type of b), TRANSPOSE, ROWS up to 8 and COLUMNS up to 2
// (matmul_block.wgsl), ACT, BIAS, RESIDUAL (matmul_epilogue.wgsl).
// Workgroup: 64 invocations, a tile of 8*ROWS rows and 32*COLUMNS columns; shared
// memory 8,192 bytes.

//@use grid.wgsl
//@use weight_f32.wgsl //@set WEIGHT
//@use matmul_shared.wgsl
//@use matmul_epilogue.wgsl

const TRANSPOSE: bool = false; //@set

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
  coltiles: u32,
  lanes: u32,     // not read
  scale: f32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<Weight4>;
@group(0) @binding(5) var<uniform> p: Params;

fn load_a(lid: u32, start: u32, row: u32, k: u32) {
  for (var e = lid; e < STEP * 8u * ROWS; e += 64u) {
    let r = row + e % (8u * ROWS);
    let v = k + e / (8u * ROWS);
    var t = vec4f(0.0);
    if (r < p.rows && v < p.k4) { t = a[(start + r) * p.k4 + v]; }
    tile_a[e] = t;
  }
}

fn load_b(lid: u32, base: u32, column: u32, k: u32) {
  for (var e = lid; e < 4u * STEP * 8u * COLUMNS; e += 64u) {
    let c = column + e % (8u * COLUMNS);
    let r = 4u * k + e / (8u * COLUMNS);
    var t = vec4f(0.0);
    if (r < p.depth && c < p.columns4) { t = weight4(b[base + r * p.columns4 + c]); }
    tile_b[e] = t;
  }
}

// As load_b from rows of columns: four of them make one vector of tile_b.
fn load_transposed(lid: u32, base: u32, column: u32, k: u32) {
  for (var e = lid; e < STEP * 8u * COLUMNS; e += 64u) {
    let v = e / (8u * COLUMNS);
    let q = e % (8u * COLUMNS);
    var t: mat4x4f;
    for (var j = 0u; j < 4u; j++) {
      let c = 4u * (column + q) + j;
      t[j] = vec4f(0.0);
      if (c < p.columns && k + v < p.k4) { t[j] = weight4(b[base + c * p.k4 + k + v]); }
    }
    t = transpose(t);
    for (var j = 0u; j < 4u; j++) { tile_b[(4u * v + j) * 8u * COLUMNS + q] = t[j]; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let group = linear_group(wid, nwg);
  let column = group % p.coltiles * 8u * COLUMNS;
  let tile = group / p.coltiles;
  let batch = tile / p.rowtiles;
  let row = tile % p.rowtiles * 8u * ROWS;
  if (batch >= p.batches) { return; }
  let start = batch * p.rows;
  for (var k = 0u; k < p.k4; k += STEP) {
    load_a(lid, start, row, k);
    let base = p.first + batch * p.stride;
    if (TRANSPOSE) { load_transposed(lid, base, column, k); } else { load_b(lid, base, column, k); }
    workgroupBarrier();
    multiply_tiles(lid);
    workgroupBarrier();
  }
  for (var i = 0u; i < ROWS; i++) {
    let r = row + lid / 8u + 8u * i;
    for (var q = 0u; q < COLUMNS; q++) {
      let c = column + lid % 8u + 8u * q;
      if (r < p.rows && c < p.columns4) { finish(p.scale * value(i * COLUMNS + q), (start + r) * p.columns4 + c, c, p.columns); }
    }
  }
}
