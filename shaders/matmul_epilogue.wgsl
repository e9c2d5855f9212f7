// What ends a convolution or matmul: y = act(v + bias) + residual.
//
// bias: [1, 1, 1, C]; residual and y: the shape of the result. Settable: ACT
// (activation.wgsl), BIAS, RESIDUAL; what is not set is bound and not read.

//@use channels.wgsl
//@use activation.wgsl

const BIAS: bool = false; //@set
const RESIDUAL: bool = false; //@set

const PLAIN: bool = ACT == 0u && !BIAS && !RESIDUAL;

@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// Vector at of y; column is its place among the vectors of a pixel.
fn ended(v: vec4f, at: u32, column: u32, channels: u32) -> vec4f {
  var r = v;
  if (BIAS) { r += bias[column]; }
  r = activate(r);
  if (RESIDUAL) { r += residual[at]; }
  return keep_channels(r, 4u * column, channels);
}

fn finish(v: vec4f, at: u32, column: u32, channels: u32) { y[at] = ended(v, at, column, channels); }
