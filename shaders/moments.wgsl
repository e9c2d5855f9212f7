// Joins the moments of the parts of every image, for every channel.
//
// part: three vectors for each part and vector of channels, as moments_parts.wgsl or
// winograd_output.wgsl leaves them; the parts of an image are its tiles, row by row.
// y: [N, 1, C4, 12], the same three vectors of whole images, with the pivot of the first
// part. Settable: ROWS vectors of channels in a workgroup, LANES invocations each
// (rows.wgsl). Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use rows.wgsl

struct Params {
  rows: u32,    // images times c4
  c4: u32,
  parts: u32,   // of an image
  across: u32,  // tiles side by side
  width: u32,   // of a tile, smaller in the last column
  height: u32,  // and row
  w: u32,       // of an image
  h: u32,
}

@group(0) @binding(0) var<storage, read> part: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

// Pixels of part r.
fn count(r: u32) -> f32 {
  return f32(min(p.width, p.w - r % p.across * p.width) * min(p.height, p.h - r / p.across * p.height));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = linear_group(wid, nwg) * ROWS + lid / LANES;
  let at = min(row, p.rows - 1u);
  let first = at / p.c4 * p.parts * p.c4 + at % p.c4;
  let total = f32(p.w * p.h);
  let pivot = part[first * 3u];
  var sum = vec4f(0.0);
  for (var r = lid % LANES; r < p.parts; r += LANES) {
    let i = (first + r * p.c4) * 3u;
    sum += count(r) * ((part[i] - pivot) + part[i + 1u]);
  }
  let mean = fold_row(SUM, sum, lid) / total;
  var squares = vec4f(0.0);
  for (var r = lid % LANES; r < p.parts; r += LANES) {
    let i = (first + r * p.c4) * 3u;
    let offset = ((part[i] - pivot) - mean) + part[i + 1u];
    squares += count(r) * (part[i + 2u] + offset * offset);
  }
  let variance = fold_row(SUM, squares, lid) / total;
  if (row < p.rows && lid % LANES == 0u) {
    y[row * 3u] = pivot;
    y[row * 3u + 1u] = mean;
    y[row * 3u + 2u] = variance;
  }
}
