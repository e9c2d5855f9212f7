// What a convolution does to a value of its source as it reads it: with NORM
// (x - mean) * gain + shift, and with SILU the activation of that. With UP 1 a pixel of
// the source stands for two by two. Whoever includes this sets mean, gain and shift to
// what groupnorm_coef.wgsl leaves for the vector of channels.
const NORM: bool = false; //@set
const SILU: bool = false; //@set
const UP: u32 = 0u; //@set

var<private> mean: vec4f;
var<private> gain: vec4f;
var<private> shift: vec4f;

fn source(x: vec4f) -> vec4f {
  if (!NORM) { return x; }
  let z = (x - mean) * gain + shift;
  if (!SILU) { return z; }
  return z / (1.0 + exp(-z));
}
