// y = act(conv(x, w) + bias) + residual, one register block per invocation and no
// shared memory: the form for CPU adapters. A block is ROWS pixels, WIDTH to a row
// of the image, times COLUMNS vectors of output channels; each tap and vector of
// input channels costs ROWS + 4*COLUMNS loads and 16*ROWS*COLUMNS multiply-adds.
//
// x: [N, H, W, C]; w: [KH, KW, rows, K], of which the rows from first on meet x;
// y: [N, OH, OW, K]. A second source is a second dispatch, with ADD. coef: with NORM
// what groupnorm_coef.wgsl leaves, else never read.
// Settable: NORM, SILU, UP (source.wgsl), WEIGHT (type of w), ADD (to what y holds),
// WIDTH, ROWS up to 16 and COLUMNS up to 4 (matmul_block.wgsl), ACT, BIAS, RESIDUAL
// (matmul_epilogue.wgsl). Workgroup: 8 invocations, lanes of them side by side over
// channels, the others over pixels.

//@use grid.wgsl
//@use weight_f32.wgsl //@set WEIGHT
//@use matmul_block.wgsl
//@use matmul_epilogue.wgsl
//@use source.wgsl

const ADD: bool = false; //@set
const WIDTH: u32 = 8u; //@set

struct Params {
  images: u32,
  h: u32,          // of x as it is read
  w: u32,
  c4: u32,         // vectors of a pixel of x
  rows: u32,       // of w, per tap
  first: u32,      // of them that meets x
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
  coltiles: u32,   // of lanes invocations
  lanes: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<Weight4>;
@group(0) @binding(5) var<storage, read> coef: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

// (iy, ix) is the tap of the first pixel of the block.
fn multiply(image: u32, iy: i32, ix: i32, c: u32) {
//@for i ROWS
  {
    let sy = iy + i32($iu / WIDTH * p.strideh);
    let sx = ix + i32($iu % WIDTH * p.stridew);
    let inside = u32(sy) < p.h && u32(sx) < p.w;
    let pixel = select(0u, image + (u32(sy) >> UP) * (p.w >> UP) + (u32(sx) >> UP), inside);
    accumulate$i(select(vec4f(0.0), source(x[pixel * p.c4 + c]), inside));
  }
//@end
}

fn store(n: u32, oy: u32, ox: u32, column: u32) {
//@for i ROWS
  {
    let sy = oy + $iu / WIDTH;
    let sx = ox + $iu % WIDTH;
    if (sy < p.oh && sx < p.ow) {
      let at = ((n * p.oh + sy) * p.ow + sx) * p.channels4 + column;
//@for q COLUMNS
      if (column + $qu < p.channels4) {
        if (ADD) { acc$i_$q += y[at + $qu]; }
        y[at + $qu] = keep_channels(acc$i_$q, 4u * (column + $qu), p.channels);
      }
//@end
    }
  }
//@end
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let group = linear_group(wid, nwg);
  let column = (group % p.coltiles * p.lanes + lid % p.lanes) * COLUMNS;
  let tile = group / p.coltiles * (8u / p.lanes) + lid / p.lanes;
  let height = ROWS / WIDTH;
  let tiles_x = (p.ow + WIDTH - 1u) / WIDTH;
  let tiles_y = (p.oh + height - 1u) / height;
  let n = tile / (tiles_x * tiles_y);
  let oy = tile / tiles_x % tiles_y * height;
  let ox = tile % tiles_x * WIDTH;
  if (n >= p.images || column >= p.channels4) { return; }

  let image = n * (p.h >> UP) * (p.w >> UP);
  let iy = i32(oy * p.strideh) - p.top;
  let ix = i32(ox * p.stridew) - p.left;
  for (var ky = 0u; ky < p.kh; ky++) {
    for (var kx = 0u; kx < p.kw; kx++) {
      var row = ((ky * p.kw + kx) * p.rows + p.first) * p.channels4;  // of w, in vectors
      for (var c = 0u; c < p.c4; c++) {
//@for q COLUMNS
//@for j 4
        block$q_$j = weight4(w[row + $ju * p.channels4 + min(column + $qu, p.channels4 - 1u)]);
//@end
//@end
        row += 4u * p.channels4;
        if (NORM) {
          let k = ((n * p.rows + p.first) / 4u + c) * 3u;
          mean = coef[k];
          gain = coef[k + 1u];
          shift = coef[k + 2u];
        }
        multiply(image, iy + i32(ky), ix + i32(kx), c);
      }
    }
  }
  store(n, oy, ox, column);
  // In memory, and as a loop that drivers do not unroll: compiled for every value
  // of the block, an epilogue with GELU takes a driver tens of seconds.
  if (!PLAIN) {
    let across = min(WIDTH, p.ow - ox) * COLUMNS;
    for (var i = 0u; i < min(height, p.oh - oy) * across; i++) {
      let c = column + i % COLUMNS;
      let at = ((n * p.oh + oy + i / across) * p.ow + ox + i % across / COLUMNS) * p.channels4 + c;
      if (c < p.channels4) { finish(y[at], at, c, p.channels); }
    }
  }
}
