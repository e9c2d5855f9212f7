//! A weight for every cell size: `--rule-param cell4=2 --rule-param cell16=0.5`; a size without one weighs 1. Small cells see small
//! defects, large cells large ones, and a product may have more of one kind. Otherwise the paper's fusion.
#![no_std]

use drdc_rule::{zeros, Image, Kind, Map, Rule};

struct CellWeights {
    image: Image,
    total: f32, // weight of the refined maps so far
    refined: &'static mut [f32],
    base: Option<&'static mut [f32]>,
}

impl Rule for CellWeights {
    fn begin(image: &Image) -> Self {
        CellWeights { image: *image, total: 0.0, refined: zeros(image.pixels()), base: None }
    }

    fn map(&mut self, map: &Map) {
        if map.kind() == Kind::Base {
            let base = zeros(map.pixels.len());
            base.copy_from_slice(map.pixels);
            self.base = Some(base);
            return;
        }
        let mut key = [0; 8];
        let weight = match self.image.param(name(map.cell, &mut key)).map(number) {
            None => 1.0,
            Some(Some(weight)) => weight,
            Some(None) => drdc_rule::fail("a weight is not a number like 2 or 0.5"),
        };
        for (sum, v) in self.refined.iter_mut().zip(map.pixels) {
            *sum += weight * v;
        }
        self.total += weight;
    }

    fn finish(&mut self, heatmap: &mut [f32]) -> f32 {
        let m = &self.image;
        if self.total > 0.0 {
            drdc_rule::divide(self.refined, self.total);
            drdc_rule::box_mean(self.refined, m.width(), m.height(), m.mean_filter());
        }
        drdc_rule::number("weight.total", self.total as f64);
        drdc_rule::weigh(heatmap, self.refined, self.base.as_deref(), m);
        drdc_rule::score(heatmap, m.width(), m.height())
    }
}

/// Writes "cell" and the number.
fn name(cell: u32, buffer: &mut [u8; 8]) -> &str {
    buffer[..4].copy_from_slice(b"cell");
    let digits = if cell < 10 { 1 } else if cell < 100 { 2 } else { 3 };
    let mut rest = cell;
    for place in (4..4 + digits).rev() {
        buffer[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    core::str::from_utf8(&buffer[..4 + digits]).unwrap_or("")
}

/// Reads digits with at most one point.
fn number(text: &str) -> Option<f32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || part.is_empty() || whole.len() + part.len() > 15 {
        return None;
    }
    let (mut value, mut unit) = (0f64, 1f64);
    for digit in whole.bytes().chain(part.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = 10.0 * value + (digit - b'0') as f64;
    }
    for _ in part.bytes() {
        unit *= 10.0;
    }
    Some((value / unit) as f32)
}

drdc_rule::rule!(CellWeights);
