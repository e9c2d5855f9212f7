// What group norm does to every channel: (m, a, b) with y = (x - m) * a + b.
//
// one, two: the moments of the sources, as moments.wgsl leaves them; gamma, beta: [1, 1,
// 1, C]; with FILM film: [N or 1, 1, 1, 2C], the C scales, then the C shifts; coef: [N, 1,
// C4, 12], three vectors for each vector of channels, zero where there is no channel.
// Without TWO and FILM their bindings are never read. Settable: TWO; FILM; UNIT (gamma
// is 1 and beta 0, for the gradient); ROWS groups of channels in a workgroup, LANES
// invocations each (rows.wgsl). Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use rows.wgsl

const TWO: bool = false; //@set
const FILM: bool = false; //@set
const UNIT: bool = false; //@set

struct Params {
  images: u32,
  groups: u32,  // of an image
  size: u32,    // channels of a group
  c4: u32,      // vectors of channels of all sources
  first4: u32,  // of the first one
  channels: u32,
  pixels: u32,  // of an image
  film: u32,    // values of film from one image to the next, 0 for the same
  eps: f32,
}

@group(0) @binding(0) var<storage, read> one: array<vec4f>;
@group(0) @binding(1) var<storage, read> two: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read> film: array<f32>;
@group(0) @binding(5) var<storage, read_write> coef: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

// The moments of vector v of the channels of an image: of their three vectors number i.
fn moment(image: u32, v: u32, i: u32) -> vec4f {
  if (TWO && v >= p.first4) { return two[(image * (p.c4 - p.first4) + v - p.first4) * 3u + i]; }
  return one[(image * p.first4 + v) * 3u + i];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = linear_group(wid, nwg) * ROWS + lid / LANES;
  let g = min(row, p.images * p.groups - 1u);
  let image = g / p.groups;
  let begin = g % p.groups * p.size;
  let end = begin + p.size;
  let first4 = begin / 4u;
  let end4 = (end + 3u) / 4u;  // vectors that hold the group
  let pixels = f32(p.pixels);
  let total = pixels * f32(p.size);
  // The values are taken relative to the mean of the group's first channel, which a
  // large mean cancels against and an outlier hardly moves.
  let pivot = moment(image, first4, 0u)[begin % 4u] + moment(image, first4, 1u)[begin % 4u];

  var sum = vec4f(0.0);
  for (var v = first4 + lid % LANES; v < end4; v += LANES) {
    let c = vec4u(v * 4u) + vec4u(0u, 1u, 2u, 3u);
    let offset = (moment(image, v, 0u) - pivot) + moment(image, v, 1u);
    sum += select(vec4f(0.0), pixels * offset, (c >= vec4u(begin)) & (c < vec4u(end)));
  }
  let mean = fold_four(SUM, fold_row(SUM, sum, lid)) / total;

  var squares = vec4f(0.0);
  for (var v = first4 + lid % LANES; v < end4; v += LANES) {
    let c = vec4u(v * 4u) + vec4u(0u, 1u, 2u, 3u);
    let offset = ((moment(image, v, 0u) - pivot) - mean) + moment(image, v, 1u);
    squares += select(vec4f(0.0), pixels * (moment(image, v, 2u) + offset * offset), (c >= vec4u(begin)) & (c < vec4u(end)));
  }
  let variance = fold_four(SUM, fold_row(SUM, squares, lid)) / total;
  let scale = 1.0 / sqrt(variance + p.eps);
  if (row >= p.images * p.groups) { return; }

  for (var c = begin + lid % LANES; c < end; c += LANES) {
    var a = scale * gamma[c];
    var b = beta[c];
    if (UNIT) {
      a = scale;
      b = 0.0;
    }
    if (FILM) {
      let gain = 1.0 + film[image * p.film + c];
      a *= gain;
      b = b * gain + film[image * p.film + p.channels + c];
    }
    let at = (image * p.c4 + c / 4u) * 12u + c % 4u;
    coef[at] = pivot;
    coef[at + 4u] = a;
    coef[at + 8u] = b - mean * a;
  }
  // The group of the last channel writes the lanes behind it.
  if (end == p.channels && lid % LANES == 0u) {
    for (var c = p.channels; c < 4u * p.c4; c++) {
      let at = (image * p.c4 + c / 4u) * 12u + c % 4u;
      coef[at] = 0.0;
      coef[at + 4u] = 0.0;
      coef[at + 8u] = 0.0;
    }
  }
}
