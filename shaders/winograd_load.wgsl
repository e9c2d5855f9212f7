// A tile of an image as the columns that its transform begins with. Settable: TILE
// (winograd.wgsl), NORM, SILU (source.wgsl).

//@use winograd.wgsl
//@use source.wgsl

// An image of x: its first pixel, its size as it is read, the vectors of a pixel. One without rows is zero everywhere.
struct Image {
  first: u32,
  h: u32,
  w: u32,
  c4: u32,
  up: u32,  // 1: a pixel of x stands for two by two
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;

var<private> columns: array<Line, 6>;  // of a tile, transformed

fn value(image: Image, y: i32, x0: i32, c: u32) -> vec4f {
  let inside = u32(y) < image.h && u32(x0) < image.w;
  let pixel = select(0u, image.first + (u32(y) >> image.up) * (image.w >> image.up) + (u32(x0) >> image.up), inside);
  return select(vec4f(0.0), source(x[pixel * image.c4 + c]), inside);
}

// Column i of the transformed columns, as a line.
fn across(i: u32) -> Line {
  return Line(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]);
}

fn load_column(j: u32, image: Image, y: i32, x0: i32, c: u32) {
  var d: Line;
  d[0] = value(image, y, x0, c);
  d[1] = value(image, y + 1, x0, c);
  d[2] = value(image, y + 2, x0, c);
  d[3] = value(image, y + 3, x0, c);
  if (TILE > 2u) {
    d[4] = value(image, y + 4, x0, c);
    d[5] = value(image, y + 5, x0, c);
  }
  columns[j] = to_points(d);
}

// Loads vector c of the SIDE x SIDE pixels from (y, x0) on.
fn load_tile(image: Image, y: i32, x0: i32, c: u32) {
  load_column(0u, image, y, x0, c);
  load_column(1u, image, y, x0 + 1, c);
  load_column(2u, image, y, x0 + 2, c);
  load_column(3u, image, y, x0 + 3, c);
  if (TILE > 2u) {
    load_column(4u, image, y, x0 + 4, c);
    load_column(5u, image, y, x0 + 5, c);
  }
}

// Row i of the points of the loaded tile.
fn points(i: u32) -> Line { return to_points(across(i)); }
