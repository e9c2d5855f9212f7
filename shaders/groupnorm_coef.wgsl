// Second pass of group norm: joins the parts of a group of channels and gives,
// for every channel, (m, a, b) with y = (x - m) * a + b.
//
// part: what groupnorm_stats.wgsl leaves; gamma, beta: [1, 1, 1, C]; with FILM
// film: [N or 1, 1, 1, 2C], the C scales, then the C shifts; coef: three vectors for
// each vector of channels of each image. Without FILM its binding is never read.
// Settable: FILM; UNIT (gamma is 1 and beta 0, for the gradient); LANES = THREADS
// invocations in the workgroup of a group, ROWS is 1 (rows.wgsl). Shared: 16*THREADS bytes.

//@use grid.wgsl
//@use rows.wgsl

const FILM: bool = false; //@set
const UNIT: bool = false; //@set

struct Params {
  images: u32,
  groups: u32,  // of an image
  size: u32,    // channels of a group
  c4: u32,
  channels: u32,
  runs: u32,    // parts of a channel
  run: u32,     // pixels of a part, fewer in the last
  pixels: u32,
  film: u32,    // values of film from one image to the next, 0 for the same
  eps: f32,
}

@group(0) @binding(0) var<storage, read> part: array<vec4f>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read> film: array<f32>;
@group(0) @binding(4) var<storage, read_write> coef: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let g = linear_group(wid, nwg);
  if (g >= p.images * p.groups) { return; }
  let image = g / p.groups;
  let begin = g % p.groups * p.size;
  let end = begin + p.size;
  let wide = (end + 3u) / 4u - begin / 4u;  // vectors that hold the group
  let total = f32(p.pixels * p.size);
  let base = image * p.runs * p.c4;
  // The values are taken relative to the mean of the group's first part, which a
  // large mean cancels against and an outlier hardly moves.
  let start = (base + begin / 4u) * 3u;
  let pivot = part[start][begin % 4u] + part[start + 1u][begin % 4u];

  var sum = vec4f(0.0);
  for (var e = lid; e < p.runs * wide; e += LANES) {
    let r = e / wide;
    let v = begin / 4u + e % wide;
    let c = vec4u(v * 4u) + vec4u(0u, 1u, 2u, 3u);
    let count = f32(min(p.run, p.pixels - r * p.run));
    let at = (base + r * p.c4 + v) * 3u;
    let offset = (part[at] - pivot) + part[at + 1u];
    sum += select(vec4f(0.0), count * offset, (c >= vec4u(begin)) & (c < vec4u(end)));
  }
  let mean = fold_four(SUM, fold_row(SUM, sum, lid)) / total;

  var squares = vec4f(0.0);
  for (var e = lid; e < p.runs * wide; e += LANES) {
    let r = e / wide;
    let v = begin / 4u + e % wide;
    let c = vec4u(v * 4u) + vec4u(0u, 1u, 2u, 3u);
    let count = f32(min(p.run, p.pixels - r * p.run));
    let at = (base + r * p.c4 + v) * 3u;
    let offset = ((part[at] - pivot) - mean) + part[at + 1u];
    squares += select(vec4f(0.0), part[at + 2u] + count * offset * offset, (c >= vec4u(begin)) & (c < vec4u(end)));
  }
  let variance = fold_four(SUM, fold_row(SUM, squares, lid)) / total;
  let scale = 1.0 / sqrt(variance + p.eps);

  for (var c = begin + lid; c < end; c += LANES) {
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
}
