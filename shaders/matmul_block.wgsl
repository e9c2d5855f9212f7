// The block of the result that one invocation holds in registers: ROWS rows of
// COLUMNS vectors of four columns. Every vector is a variable of its own: SwiftShader
// keeps an array in memory, at a seventh of the speed.
const ROWS: u32 = 16u; //@set
const COLUMNS: u32 = 2u; //@set

//@for i ROWS
//@for q COLUMNS
var<private> acc$i_$q: vec4f;
//@end
//@end

//@for q COLUMNS
//@for j 4
var<private> block$q_$j: vec4f;  // row j of four, column vector q
//@end
//@end

//@for i ROWS
// Adds the product of four values of row $i and the four rows in block.
fn accumulate$i(a: vec4f) {
//@for q COLUMNS
  acc$i_$q += a.x * block$q_0;
  acc$i_$q += a.y * block$q_1;
  acc$i_$q += a.z * block$q_2;
  acc$i_$q += a.w * block$q_3;
//@end
}
//@end
