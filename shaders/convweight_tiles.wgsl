// What the first two steps of the gradient of Winograd's convolution by its weight
// share: where a tile lies in the image and among the results.
//
// Tiles are counted over images, rows and columns of tiles, in parts of run; a pass
// begins with tile start, and those behind the last one are zero. Settable: TILE
// (winograd.wgsl).

//@use pixel.wgsl
//@use winograd_load.wgsl

struct Tile {
  image: Image,
  y: i32,      // its first pixel
  x0: i32,
  point: u32,  // its part's first point
  run: u32,    // its number in the part
}

fn tile_at(i: u32) -> Tile {
  let at = pixel_at(p.start + i, p.down, p.across);
  let image = Image(at.x * p.h * p.w, select(0u, p.h, p.start + i < p.total), p.w, p.c4, 0u);
  return Tile(image, i32(at.y * TILE) - p.top, i32(at.z * TILE) - p.left, i / p.run * SIDE * SIDE, i % p.run);
}
