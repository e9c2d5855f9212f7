// What convweight_taps.wgsl does, read through windows of uniform memory.
//
// u0 to u5: windows that hold a row of points each, [rows, SIDE points, K], the last two
// unused where TILE is 2; dw: [3, 3, rows, K]; K padded to four. Settable: TILE
// (winograd.wgsl). Workgroup: 64 invocations, one vector of a row each.

//@use grid.wgsl
//@use winograd.wgsl

struct Params {
  rows: u32,    // of the dispatch
  row: u32,     // the first of them
  k4: u32,
  tap: u32,     // vectors of dw from one tap to the next
  begin0: u32,  // where the rows begin in their windows
  begin1: u32,
  begin2: u32,
  begin3: u32,
  begin4: u32,
  begin5: u32,
}

@group(0) @binding(0) var<uniform> u0: array<vec4f, 4096>;
@group(0) @binding(1) var<uniform> u1: array<vec4f, 4096>;
@group(0) @binding(2) var<uniform> u2: array<vec4f, 4096>;
@group(0) @binding(3) var<uniform> u3: array<vec4f, 4096>;
@group(0) @binding(4) var<uniform> u4: array<vec4f, 4096>;
@group(0) @binding(5) var<uniform> u5: array<vec4f, 4096>;
@group(0) @binding(6) var<storage, read_write> dw: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

var<private> columns: array<array<vec4f, 3>, 6>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let item = linear_group(wid, nwg) * 64u + lid;
  let row = item / p.k4;
  let k = item % p.k4;
  if (row >= p.rows) { return; }
  let at = row * SIDE * p.k4 + k;
//@for j 6
  if ($ju < SIDE) {
    var line: Line;
//@for i 6
    if ($iu < SIDE) { line[$i] = u$i[p.begin$i + at + $ju * p.k4]; }
//@end
    columns[$j] = to_taps(line);
  }
//@end
  let out = (p.row + row) * p.k4 + k;
//@for i 3
  {
    let line = to_taps(Line(columns[0][$i], columns[1][$i], columns[2][$i], columns[3][$i], columns[4][$i], columns[5][$i]));
//@for j 3
    dw[out + ($iu * 3u + $ju) * p.tap] = line[$j];
//@end
  }
//@end
}
