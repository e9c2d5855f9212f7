// Pointwise activations, by number (kernels.Activation). The branch is on a
// constant, so a variant holds one of them.
const ACT: u32 = 0u; //@set

fn erf4(x: vec4f) -> vec4f {
  // Abramowitz and Stegun 7.1.26 is good to 1.5e-7 absolute; the series below
  // 0.5 keeps the relative error small where erf goes through zero.
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  let big = sign(x) * (1.0 - poly * exp(-a * a));
  let s = x * x;
  let small = x * (1.1283791671 + s * (-0.3761263890 + s * (0.1128379167 + s * (-0.0268661706 + s * (0.0052239776 + s * -0.0008548327)))));
  return select(big, small, a < vec4f(0.5));
}

fn activate(x: vec4f) -> vec4f {
  if (ACT == 1u) { return x / (1.0 + exp(-x)); }                      // SiLU
  if (ACT == 2u) { return max(x, vec4f(0.0)); }                       // ReLU
  if (ACT == 3u) { return clamp(x, vec4f(0.0), vec4f(6.0)); }         // ReLU6
  if (ACT == 4u) { return 0.5 * x * (1.0 + erf4(x * 0.70710678)); }   // GELU, exact form
  if (ACT == 5u) { return 1.0 / (1.0 + exp(-x)); }                    // sigmoid
  return x;
}
