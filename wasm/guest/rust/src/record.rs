//! The records that the host writes.

/// What a rule knows of an image before its first map.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Image {
    size: u32,
    width: u32,
    height: u32,
    /// How many maps will come.
    pub maps: u32,
    /// Of the photo before resizing; 0 when unknown.
    pub source_width: u32,
    /// Of the photo before resizing; 0 when unknown.
    pub source_height: u32,
    mean_filter: u32,
    /// heatmap = refined * R + base * B + shift, as configured.
    pub refined: f32,
    /// See refined.
    pub base: f32,
    /// See refined.
    pub shift: f32,
    class: u32,
    class_length: u32,
    params: u32,
    params_length: u32,
}

impl Image {
    /// Of every map and of the heatmap, pixels.
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// Of every map and of the heatmap, pixels.
    pub fn height(&self) -> usize {
        self.height as usize
    }

    /// Width times height.
    pub fn pixels(&self) -> usize {
        self.width() * self.height()
    }

    /// The configured box of the mean filter, pixels, odd.
    pub fn mean_filter(&self) -> usize {
        self.mean_filter as usize
    }

    /// The record with a copy of its texts: the host overwrites them with the first map.
    pub fn keep(&self) -> Self {
        let mut kept = *self;
        kept.class = copy(self.class, self.class_length);
        kept.params = copy(self.params, self.params_length);
        kept
    }

    /// The product, or "".
    pub fn class(&self) -> &str {
        text(self.class, self.class_length)
    }

    /// The value of a parameter given by --rule-param key=value. The last one of that key counts.
    pub fn param(&self, key: &str) -> Option<&str> {
        let lines = text(self.params, self.params_length).lines();
        lines.filter_map(|line| line.split_once('=')).filter(|(k, _)| *k == key).last().map(|(_, value)| value)
    }
}

/// Copies a text to memory that lasts until the end of the image.
fn copy(at: u32, length: u32) -> u32 {
    let to = crate::alloc(length);
    if to == 0 {
        crate::fail("out of memory");
    }
    // SAFETY: the host writes that many bytes there; alloc gives every byte once.
    unsafe { core::ptr::copy_nonoverlapping(at as *const u8, to as *mut u8, length as usize) }
    to
}

fn text<'a>(at: u32, length: u32) -> &'a str {
    // SAFETY: the host writes UTF-8 there.
    unsafe { core::str::from_utf8_unchecked(core::slice::from_raw_parts(at as *const u8, length as usize)) }
}

/// Which part of the method made a map.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The base model.
    Base,
    /// The diffusion refiner.
    Refined,
}

/// One map; the pixels are valid only during the call that gets them.
pub struct Map<'a> {
    kind: u32,
    /// From 0.
    pub index: u32,
    /// 1 to 1000; 0 in the base map.
    pub timestep: u32,
    /// Pixels; 0 in the base map.
    pub cell: u32,
    /// 1 full size, 2 half...; 0 in the base map.
    pub scale: u32,
    /// Row by row.
    pub pixels: &'a [f32],
}

impl Map<'_> {
    /// Reads a record of eight numbers.
    ///
    /// # Safety
    /// It must be one of this version, with that many pixels.
    pub unsafe fn read(record: *const u8, pixels: usize) -> Self {
        let w = core::slice::from_raw_parts(record as *const u32, 8);
        Map {
            index: w[1],
            kind: w[2],
            timestep: w[3],
            cell: w[4],
            scale: w[5],
            pixels: core::slice::from_raw_parts(w[6] as *const f32, pixels),
        }
    }

    /// Which part of the method made it.
    pub fn kind(&self) -> Kind {
        if self.kind == 0 { Kind::Base } else { Kind::Refined }
    }
}
