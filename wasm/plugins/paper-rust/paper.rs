//! The paper's fusion (Eq. 15 to 17) as a plugin: the bytes of the built-in rule "paper".
#![no_std]

use drdc_rule::{zeros, Image, Kind, Map, Rule};

struct Paper {
    image: Image,
    refined: &'static mut [f32], // sum of the refined maps
    count: u32,                  // of them
    base: Option<&'static mut [f32]>,
}

impl Rule for Paper {
    fn begin(image: &Image) -> Self {
        Paper { image: *image, refined: zeros(image.pixels()), count: 0, base: None }
    }

    fn map(&mut self, map: &Map) {
        if map.kind() == Kind::Base {
            let base = zeros(map.pixels.len());
            base.copy_from_slice(map.pixels);
            self.base = Some(base);
            return;
        }
        drdc_rule::add(self.refined, map.pixels);
        self.count += 1;
    }

    fn finish(&mut self, heatmap: &mut [f32]) -> f32 {
        let m = &self.image;
        if self.count > 0 {
            drdc_rule::divide(self.refined, self.count as f32);
            drdc_rule::box_mean(self.refined, m.width(), m.height(), m.mean_filter());
        }
        drdc_rule::weigh(heatmap, self.refined, self.base.as_deref(), m);
        drdc_rule::score(heatmap, m.width(), m.height())
    }
}

drdc_rule::rule!(Paper);
