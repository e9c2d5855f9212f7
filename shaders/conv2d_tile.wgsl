// y = act(conv(x, w) + bias) + residual, x being x followed by x2 along the
// channels, through shared memory: the form for GPUs. The convolution is a matmul
// of [N*OH*OW, KH*KW*C] and w as [KH*KW*C, K]; a tile of the first factor is
// gathered from the image as it is needed.
//
// Operands as in conv2d.wgsl. Settable: NORM, SILU, UP (source.wgsl), WEIGHT (type of w),
// TWO (x2 is read), ROWS up to 8 and COLUMNS up to 2 (matmul_block.wgsl), ACT, BIAS,
// RESIDUAL (matmul_epilogue.wgsl). Workgroup: 64 invocations, a tile of 8*ROWS pixels
// and 32*COLUMNS channels; shared memory 8,192 bytes.

//@use grid.wgsl
//@use pixel.wgsl
//@use weight_f32.wgsl //@set WEIGHT
//@use matmul_shared.wgsl
//@use matmul_epilogue.wgsl
//@use source.wgsl

const TWO: bool = false; //@set

struct Params {
  images: u32,
  h: u32,          // of x as it is read
  w: u32,
  first4: u32,     // vectors of a pixel of x
  second4: u32,    // vectors of a pixel of x2
  oh: u32,
  ow: u32,
  channels: u32,   // of y
  channels4: u32,  // vectors of a pixel of y
  kh: u32,
  kw: u32,
  strideh: u32,
  stridew: u32,
  top: i32,        // padding
  left: i32,
  coltiles: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<Weight4>;
@group(0) @binding(5) var<storage, read> x2: array<vec4f>;
@group(0) @binding(6) var<storage, read> coef: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;

var<private> image: array<u32, 4>;    // of each row to load
var<private> corner: array<vec2i, 4>; // its tap (0, 0): column, row

// Sixteen invocations load one vector of the sum; depth is its number of them.
fn load_pixels(lid: u32, k: u32, depth: u32) {
  let v = k + lid / 16u;
  let c4 = p.first4 + p.second4;
  let tap = v / c4;
  let c = v % c4;
  let offset = vec2i(i32(tap % p.kw), i32(tap / p.kw));
  for (var i = 0u; i < ROWS / 2u; i++) {
    let at = corner[i] + offset;
    var t = vec4f(0.0);
    if (v < depth && u32(at.x) < p.w && u32(at.y) < p.h) {
      if (NORM) {
        let k = (image[i] * c4 + c) * 3u;
        mean = coef[k];
        gain = coef[k + 1u];
        shift = coef[k + 2u];
      }
      let pixel = (image[i] * (p.h >> UP) + (u32(at.y) >> UP)) * (p.w >> UP) + (u32(at.x) >> UP);
      if (!TWO || c < p.first4) {
        t = source(x[pixel * p.first4 + c]);
      } else {
        t = source(x2[pixel * p.second4 + c - p.first4]);
      }
    }
    tile_a[lid / 16u * 8u * ROWS + lid % 16u + 16u * i] = t;
  }
}

fn load_weights(lid: u32, column: u32, k: u32, depth: u32) {
  for (var e = lid; e < 4u * STEP * 8u * COLUMNS; e += 64u) {
    let c = column + e % (8u * COLUMNS);
    let r = 4u * k + e / (8u * COLUMNS);
    var t = vec4f(0.0);
    if (r < 4u * depth && c < p.channels4) { t = weight4(w[r * p.channels4 + c]); }
    tile_b[e] = t;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let group = linear_group(wid, nwg);
  let column = group % p.coltiles * 8u * COLUMNS;
  let row = group / p.coltiles * 8u * ROWS;
  let rows = p.images * p.oh * p.ow;
  if (row >= rows) { return; }
  for (var i = 0u; i < ROWS / 2u; i++) {
    let r = row + lid % 16u + 16u * i;
    let at = pixel_at(r, p.oh, p.ow);
    image[i] = at.x;
    corner[i] = vec2i(vec2u(at.z * p.stridew, at.y * p.strideh)) - vec2i(p.left, p.top);
    if (r >= rows) { corner[i].y = -65536; }  // above every image
  }
  let depth = p.kh * p.kw * (p.first4 + p.second4);
  for (var k = 0u; k < depth; k += STEP) {
    load_pixels(lid, k, depth);
    load_weights(lid, column, k, depth);
    workgroupBarrier();
    multiply_tiles(lid);
    workgroupBarrier();
  }
  for (var i = 0u; i < ROWS; i++) {
    let r = row + lid / 8u + 8u * i;
    for (var q = 0u; q < COLUMNS; q++) {
      let c = column + lid % 8u + 8u * q;
      if (r < rows && c < p.channels4) { finish(value(i * COLUMNS + q), r * p.channels4 + c, c, p.channels); }
    }
  }
}
