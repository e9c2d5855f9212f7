// Package diffusion repaints hidden cells of an image with a diffusion model and
// compares what it painted with what was there (method 4.1 to 4.5, Eq. 3 to 14).
//
// A Loop adds one step, the work of one timestep for all samples, to a graph; Run
// replays that recording for every timestep with new small inputs. A Training is the
// other way to use a denoiser: noised images from which it learns. A sample is one
// set of hidden cells of one cell size. Nothing is read back on the way; the
// errors of all timesteps, cell sizes and scales are collected in one value, the
// stack.
//
// # Random numbers
//
// A second implementation needs only this text. All integers are unsigned, words
// have 32 bits, bytes are little-endian.
//
// Generator. philox(c0, c1, c2, c3; k0, k1) is Philox4x32-10 (Salmon et al. 2011):
// ten rounds; in each, with a = 0xD2511F53 c0 and b = 0xCD9E8D57 c2 as 64-bit
// products, (c0, c1, c2, c3) becomes (high(b) xor c1 xor k0, low(b), high(a) xor c3
// xor k1, low(a)); after each, 0x9E3779B9 is added to k0 and 0xBB67AE85 to k1.
// philox(0, 0, 0, 0; 0, 0) = 6627E8D5 E169C58D BC57AC4C 9B00DBD8.
//
// Key. k0 and k1 are the first two words of SHA-256(d || s), where d is the SHA-256
// of the bytes of the image file (32 bytes) and s the seed (8 bytes).
//
// Streams. The words c2 and c3 name a stream: c2 = purpose 2^24 + k and
// c3 = set 2^16 + t, where k is the cell size in pixels, set counts from 0 and t is
// the timestep of the paper (0 the image, 1000 noise).
//
//	purpose 1: the permutation of the cells; set = 0, t = 0
//	purpose 2: what fills the hidden cells of the condition; t = 0
//	purpose 3: the noise of an image at timestep t; t = 0 when it is fixed
//	purpose 4: what a training sample is; k = 0, set = 0, t = 0
//
// Values. The words of a stream are philox(q, j, c2, c3; k0, k1). Noise: pixel
// q = row width + column, j = 0, words r0 to r3; with u(r) = (floor(r / 2^9) + 1/2) 2^-23
//
//	red   = sqrt(-2 ln u(r0)) cos(2 pi u(r1))
//	green = sqrt(-2 ln u(r0)) sin(2 pi u(r1))
//	blue  = sqrt(-2 ln u(r2)) cos(2 pi u(r3))
//
// Cells. An image of S x S pixels has m = (S/k)^2 cells, numbered row by row. The
// permutation p starts as 0, 1, ..., m-1. For j = m-1 down to 1, p[j] and p[r] change
// places, where r in 0..j is drawn without bias: take the next word w of the stream
// (j = 0; q = 0, 1, 2, ... give four words each, in order) until
// w < 2^32 - 2^32 mod (j+1); then r = w mod (j+1). Set 0 hides the first cells of p,
// set 1 those after them, and so on; each set has floor(m/n) cells and the first
// m mod n sets one more.
//
// Training. Sample n of a run (n counts from 0 over all steps) has the key of the
// first two words of SHA-256(s || n), 8 bytes each, and draws without bias, as above,
// from stream 4: the number of its cell size, its set, and its timestep less 1.
//
// The package may import kernels and runtime/graph. It reads no files and opens no
// device.
//
//	loop, err := diffusion.NewLoop(diffusion.Default(), schedule, 224, 2)
//	stack := loop.Build(g, denoiser)
//	g.Output("stack", stack)
//	inputs, err := loop.Inputs(image, diffusion.NewKey(digest, seed))
//	err = loop.Run(ctx, exec, inputs, nil)
package diffusion
