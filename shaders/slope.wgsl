// Derivatives of the activations of activation.wgsl, by the same number. For ReLU
// and ReLU6 x may as well be the value of the activation.
//@use activation.wgsl

fn slope(x: vec4f) -> vec4f {
  if (ACT == 1u) {
    let s = 1.0 / (1.0 + exp(-x));
    return s * (1.0 + x * (1.0 - s));
  }
  if (ACT == 2u) { return select(vec4f(0.0), vec4f(1.0), x > vec4f(0.0)); }
  if (ACT == 3u) { return select(vec4f(0.0), vec4f(1.0), (x > vec4f(0.0)) & (x < vec4f(6.0))); }
  if (ACT == 4u) { return 0.5 * (1.0 + erf4(x * 0.70710678)) + x * 0.39894228 * exp(-0.5 * x * x); }
  if (ACT == 5u) { return 1.0 / ((1.0 + exp(-x)) * (1.0 + exp(x))); }
  return vec4f(1.0);
}
