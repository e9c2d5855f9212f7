// The transforms of Winograd's convolution F(TILE x TILE, 3x3). The points are 0, 1,
// -1 and infinity where TILE is 2, and 0, 3/4, -3/4, 3/2, -3/2 and infinity where it is
// 4: those lose a quarter of the squared error of the textbook's 0, 1, -1, 2, -2. Row i
// of the weights' transform is 1, a, a^2 of point a (kernels/winograd_pack.go).

// Outputs of a tile in a dimension, 2 or 4, and the values that they read.
const TILE: u32 = 4u; //@set
const SIDE: u32 = TILE + 2u;

alias Line = array<vec4f, 6>;  // the last two are zero where TILE is 2

// B^T d: values of an image to points.
fn to_points(d: Line) -> Line {
  if (TILE == 2u) {
    return Line(d[0] - d[2], 0.5 * (d[1] + d[2]), 0.5 * (d[2] - d[1]), d[3] - d[1], vec4f(0.0), vec4f(0.0));
  }
  let near = d[4] - 2.25 * d[2];
  let near_odd = 0.75 * (d[3] - 2.25 * d[1]);
  let far = d[4] - 0.5625 * d[2];
  let far_odd = 1.5 * (d[3] - 0.5625 * d[1]);
  return Line(
    d[0] - 2.2222222 * d[2] + 0.79012346 * d[4],  // 20/9, 64/81
    (near + near_odd) * -0.52674897,              // 128/243
    (near - near_odd) * -0.52674897,
    (far + far_odd) * 0.13168724,                 // 32/243
    (far - far_odd) * 0.13168724,
    1.265625 * d[1] - 2.8125 * d[3] + d[5],
  );
}

// A^T m: points to outputs, of which the first TILE count.
fn to_outputs(m: Line) -> array<vec4f, 4> {
  let sum = m[1] + m[2];
  let difference = m[1] - m[2];
  if (TILE == 2u) {
    return array<vec4f, 4>(m[0] + sum, difference + m[3], vec4f(0.0), vec4f(0.0));
  }
  let sum2 = m[3] + m[4];
  let difference2 = m[3] - m[4];
  return array<vec4f, 4>(
    m[0] + sum + sum2,
    0.75 * difference + 1.5 * difference2,
    0.5625 * sum + 2.25 * sum2,
    0.421875 * difference + 3.375 * difference2 + m[5],
  );
}

// G g: the taps of a weight to points.
fn from_taps(a: vec4f, b: vec4f, c: vec4f) -> Line {
  if (TILE == 2u) { return Line(a, a + b + c, a - b + c, c, vec4f(0.0), vec4f(0.0)); }
  let near = a + 0.5625 * c;
  let far = a + 2.25 * c;
  return Line(a, near + 0.75 * b, near - 0.75 * b, far + 1.5 * b, far - 1.5 * b, c);
}

// G^T m: the gradient of from_taps.
fn to_taps(m: Line) -> array<vec4f, 3> {
  let sum = m[1] + m[2];
  let difference = m[1] - m[2];
  if (TILE == 2u) { return array<vec4f, 3>(m[0] + sum, difference, sum + m[3]); }
  let sum2 = m[3] + m[4];
  let difference2 = m[3] - m[4];
  return array<vec4f, 3>(m[0] + sum + sum2, 0.75 * difference + 1.5 * difference2, 0.5625 * sum + 2.25 * sum2 + m[5]);
}

// A d: the gradient of to_outputs; of d the first TILE count.
fn from_outputs(d: array<vec4f, 4>) -> Line {
  if (TILE == 2u) { return Line(d[0], d[0] + d[1], d[0] - d[1], d[1], vec4f(0.0), vec4f(0.0)); }
  let near = d[0] + 0.5625 * d[2];
  let near_odd = 0.75 * d[1] + 0.421875 * d[3];
  let far = d[0] + 2.25 * d[2];
  let far_odd = 1.5 * d[1] + 3.375 * d[3];
  return Line(d[0], near + near_odd, near - near_odd, far + far_odd, far - far_odd, d[3]);
}
