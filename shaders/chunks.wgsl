// Work split as kernels.chunks does: runs of pixels, a thread for each vector of
// channels of each run.
struct Chunk {
  image: u32,
  run: u32,     // of the image
  c: u32,       // vector of the channels
  first: u32,   // vector of the tensor, c4 from one pixel to the next
  pixels: u32,  // in the run
}

fn chunk(thread: u32, c4: u32, pixels: u32, run: u32) -> Chunk {
  let runs = (pixels + run - 1u) / run;
  let c = thread % c4;
  let r = thread / c4 % runs;
  let image = thread / c4 / runs;
  return Chunk(image, r, c, (image * pixels + r * run) * c4 + c, min(run, pixels - r * run));
}
