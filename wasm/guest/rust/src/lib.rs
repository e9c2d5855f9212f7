//! The Rust side of a fusion rule in WebAssembly, contract version 1 (wasm/abi/ABI.md). A rule is one type:
//!
//! ```ignore
//! #![no_std]
//! use drdc_rule::{zeros, Image, Kind, Map, Rule};
//!
//! struct Mean { image: Image, sum: &'static mut [f32] }
//!
//! impl Rule for Mean {
//!     fn begin(image: &Image) -> Self { Mean { image: *image, sum: zeros(image.pixels()) } }
//!     fn map(&mut self, map: &Map) { if map.kind() == Kind::Refined { drdc_rule::add(self.sum, map.pixels) } }
//!     fn finish(&mut self, heatmap: &mut [f32]) -> f32 {
//!         heatmap.copy_from_slice(self.sum);
//!         drdc_rule::score(heatmap, self.image.width(), self.image.height())
//!     }
//! }
//!
//! drdc_rule::rule!(Mean);
//! ```
//!
//! There is no standard library and no allocator: `zeros` gives memory that lasts until the end of the image.
#![no_std]

mod host;
mod memory;
mod pixels;
mod record;

pub use host::{fail, log, number};
pub use memory::{alloc, reset, zeros};
pub use pixels::{add, box_mean, divide, score, weigh};
pub use record::{Image, Kind, Map};

/// Fuses the maps of one image. A host gives every image a new rule.
pub trait Rule: Sized {
    /// Starts an image.
    fn begin(image: &Image) -> Self;
    /// Takes the next map.
    fn map(&mut self, map: &Map);
    /// Writes all of the heatmap and returns the score; both must be finite.
    fn finish(&mut self, heatmap: &mut [f32]) -> f32;
}

/// Makes the exports of a module out of a rule.
#[macro_export]
macro_rules! rule {
    ($rule:ty) => {
        static mut RULE: Option<($rule, usize)> = None;

        fn state() -> &'static mut ($rule, usize) {
            // SAFETY: a module has one thread, and the host calls drdc_begin first.
            match unsafe { (*core::ptr::addr_of_mut!(RULE)).as_mut() } {
                Some(state) => state,
                None => $crate::fail("a map before drdc_begin"),
            }
        }

        #[no_mangle]
        pub extern "C" fn drdc_abi() -> u32 {
            1
        }

        #[no_mangle]
        pub extern "C" fn drdc_alloc(bytes: u32) -> u32 {
            $crate::alloc(bytes)
        }

        #[no_mangle]
        pub extern "C" fn drdc_begin(image: &$crate::Image) {
            let image = image.keep();
            let rule = <$rule as $crate::Rule>::begin(&image);
            // SAFETY: as above.
            unsafe { *core::ptr::addr_of_mut!(RULE) = Some((rule, image.pixels())) }
        }

        #[no_mangle]
        pub extern "C" fn drdc_map(record: *const u8) {
            let (rule, pixels) = state();
            // SAFETY: the host writes a record of this version and its pixels.
            $crate::Rule::map(rule, &unsafe { $crate::Map::read(record, *pixels) })
        }

        #[no_mangle]
        pub extern "C" fn drdc_finish(heatmap: *mut f32) -> f32 {
            let (rule, pixels) = state();
            // SAFETY: the host has asked drdc_alloc for this room.
            $crate::Rule::finish(rule, unsafe { core::slice::from_raw_parts_mut(heatmap, *pixels) })
        }

        #[no_mangle]
        pub extern "C" fn drdc_reset() {
            // SAFETY: as above; nothing is in use between images.
            unsafe { *core::ptr::addr_of_mut!(RULE) = None }
            $crate::reset()
        }
    };
}
