//! Arithmetic on maps, in the order of the built-in rules, for the same bytes.

use crate::{zeros, Image};

/// How many pixels one round of a loop takes: the host looks at the clock in every round.
const LANES: usize = 64;

/// Adds src to dst, pixel by pixel.
pub fn add(dst: &mut [f32], src: &[f32]) {
    each(dst, src, |d, s| *d += s)
}

/// Divides by one number.
pub fn divide(v: &mut [f32], by: f32) {
    let mut blocks = v.chunks_exact_mut(LANES);
    for block in &mut blocks {
        let block: &mut [f32; LANES] = block.try_into().unwrap();
        for x in block {
            *x /= by;
        }
    }
    for x in blocks.into_remainder() {
        *x /= by;
    }
}

/// Runs f on pairs of pixels, many in one round.
#[inline(always)]
fn each(dst: &mut [f32], src: &[f32], f: impl Fn(&mut f32, f32)) {
    let n = dst.len().min(src.len());
    let (dst, src) = (&mut dst[..n], &src[..n]);
    let mut d = dst.chunks_exact_mut(LANES);
    let mut s = src.chunks_exact(LANES);
    for (d, s) in (&mut d).zip(&mut s) {
        let (d, s): (&mut [f32; LANES], &[f32; LANES]) = (d.try_into().unwrap(), s.try_into().unwrap());
        for i in 0..LANES {
            f(&mut d[i], s[i]);
        }
    }
    for (d, s) in d.into_remainder().iter_mut().zip(s.remainder()) {
        f(d, *s);
    }
}

/// The mean over the size x size pixels around each pixel that lie inside the image (Eq. 16): along the rows, then along the
/// columns, each a sum from the low end divided by the number of its values. v [height, width] holds the result.
pub fn box_mean(v: &mut [f32], width: usize, height: usize, size: usize) {
    let r = size / 2;
    let across = zeros(v.len());
    for (row, sum) in v.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for i in 0..=2 * r {
            // The pixel i - r places to the right is added to each that has one.
            let (from, to) = (r.saturating_sub(i), width.min((width + r).saturating_sub(i)));
            if from < to {
                add(&mut sum[from..to], &row[from + i - r..to + i - r]);
            }
        }
        for (x, s) in sum.iter_mut().enumerate() {
            *s /= ((x + r + 1).min(width) - x.saturating_sub(r)) as f32;
        }
    }
    v.fill(0.0);
    for (y, sum) in v.chunks_exact_mut(width).enumerate() {
        let (first, end) = (y.saturating_sub(r), (y + r + 1).min(height));
        for row in across[first * width..end * width].chunks_exact(width) {
            add(sum, row);
        }
        divide(sum, (end - first) as f32);
    }
}

/// The largest mean over squares of 16 x 16 pixels inside the heatmap; smaller where the image is (method 4.5).
pub fn score(heatmap: &[f32], width: usize, height: usize) -> f32 {
    let (across, down) = (width.min(16), height.min(16));
    let wide = width - across + 1;
    let rows = zeros(wide * height);
    for (sum, row) in rows.chunks_exact_mut(wide).zip(heatmap.chunks_exact(width)) {
        for i in 0..across {
            add(sum, &row[i..i + wide]);
        }
        divide(sum, across as f32);
    }
    let sum = zeros(wide);
    let mut best = f32::NEG_INFINITY;
    for y in 0..=height - down {
        sum.fill(0.0);
        for row in rows[y * wide..(y + down) * wide].chunks_exact(wide) {
            add(sum, row);
        }
        divide(sum, down as f32);
        for &v in sum.iter() {
            if v > best {
                best = v;
            }
        }
    }
    best
}

/// Writes R * refined + B * base + S.
pub fn weigh(heatmap: &mut [f32], refined: &[f32], base: Option<&[f32]>, image: &Image) {
    for (i, h) in heatmap.iter_mut().enumerate() {
        let mut sum = image.refined * refined[i];
        if let Some(base) = base {
            sum += image.base * base[i];
        }
        *h = sum + image.shift;
    }
}
