// The block of sums of outer products that one invocation of outer_points.wgsl or
// outer_window.wgsl holds in registers: four values of each of ROWS vectors of v times
// COLUMNS vectors of m. The includer has params p and du, the result. Settable: ADD (to
// what du holds).
const ROWS: u32 = 4u; //@set
const COLUMNS: u32 = 2u; //@set
const ADD: bool = false; //@set

//@for i ROWS
//@for j 4
//@for q COLUMNS
var<private> acc$i_$j_$q: vec4f;  // value $j of vector $i of v times vector $q of m
//@end
//@end
//@end

//@for q COLUMNS
var<private> right$q: vec4f;  // of m
//@end

//@for i ROWS
// Adds the four values of vector $i times the vectors of m.
fn accumulate$i(a: vec4f) {
//@for q COLUMNS
  acc$i_0_$q += a.x * right$q;
  acc$i_1_$q += a.y * right$q;
  acc$i_2_$q += a.z * right$q;
  acc$i_3_$q += a.w * right$q;
//@end
}
//@end

// Stores the block from vectors row and column on of a point whose sums begin at out.
fn store_block(row: u32, column: u32, out: u32) {
//@for i ROWS
//@for j 4
  if (4u * (row + $iu) + $ju < p.rows) {
    let to = out + (4u * (row + $iu) + $ju) * p.line + column;
//@for q COLUMNS
    if (column + $qu < p.k4) {
      acc$i_$j_$q *= p.scale;
      if (ADD) { acc$i_$j_$q += du[to + $qu]; }
      du[to + $qu] = acc$i_$j_$q;
    }
//@end
  }
//@end
//@end
}
