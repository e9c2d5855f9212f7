// Four weights stored as f16, two to a word; computed with as f32.
alias Weight4 = vec2u;
fn weight4(w: Weight4) -> vec4f {
  return vec4f(unpack2x16float(w.x), unpack2x16float(w.y));
}
