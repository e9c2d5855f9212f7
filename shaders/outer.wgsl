// The block of a sum of outer products that one invocation holds in registers: four
// values of each of ROWS vectors times COLUMNS vectors. ACC is 4*ROWS*COLUMNS;
// array sizes cannot be computed.
const ROWS: u32 = 4u; //@set
const COLUMNS: u32 = 2u; //@set
const ACC: u32 = 32u; //@set

var<private> acc: array<vec4f, ACC>;  // acc[(4a + j) * COLUMNS + b]: value j of vector a times vector b

// Adds the four values of vector a times vector b.
fn add_outer(a: u32, u: vec4f, b: u32, v: vec4f) {
  let at = 4u * a * COLUMNS + b;
  acc[at] += u.x * v;
  acc[at + COLUMNS] += u.y * v;
  acc[at + 2u * COLUMNS] += u.z * v;
  acc[at + 3u * COLUMNS] += u.w * v;
}
