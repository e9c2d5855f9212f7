// The block of the result that one invocation holds in registers: ROWS rows of
// COLUMNS vectors of four columns. ACC is ROWS*COLUMNS and BLOCK is 4*COLUMNS;
// array sizes cannot be computed.
const ROWS: u32 = 16u; //@set
const COLUMNS: u32 = 2u; //@set
const ACC: u32 = 32u; //@set
const BLOCK: u32 = 8u; //@set

var<private> acc: array<vec4f, ACC>;
var<private> block: array<vec4f, BLOCK>;  // block[4q + j]: row j of four, column vector q

// Adds the product of four values of row i and the four rows in block.
fn accumulate(i: u32, a: vec4f) {
  for (var q = 0u; q < COLUMNS; q++) {
    let at = i * COLUMNS + q;
    acc[at] += a.x * block[4u * q];
    acc[at] += a.y * block[4u * q + 1u];
    acc[at] += a.z * block[4u * q + 2u];
    acc[at] += a.w * block[4u * q + 3u];
  }
}
