// (image, row, column) of a pixel counted over images of h rows and w columns.
fn pixel_at(pixel: u32, h: u32, w: u32) -> vec3u {
  let row = pixel / w;
  return vec3u(row / h, row % h, pixel % w);
}
