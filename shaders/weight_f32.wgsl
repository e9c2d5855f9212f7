// Four weights stored as f32.
alias Weight4 = vec4f;
fn weight4(w: Weight4) -> vec4f {
  return w;
}
