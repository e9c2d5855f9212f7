//! Memory from the end of the program's own, all given back at once.

use core::arch::wasm32::{memory_grow, memory_size};

extern "C" {
    static __heap_base: u8;
}

/// The first free byte; 0 before the first use.
static mut TOP: usize = 0;

const PAGE: u64 = 1 << 16;

/// Gives room for that many bytes at a multiple of 16, or 0.
pub fn alloc(bytes: u32) -> u32 {
    // SAFETY: a module has one thread; __heap_base is only an address.
    unsafe {
        let at = if TOP != 0 { TOP } else { (core::ptr::addr_of!(__heap_base) as usize + 15) & !15 };
        let end = (at as u64 + bytes as u64 + 15) & !15;
        let have = memory_size(0) as u64 * PAGE;
        if end > have && memory_grow(0, ((end - have + PAGE - 1) / PAGE) as usize) == usize::MAX {
            return 0;
        }
        TOP = end as usize;
        at as u32
    }
}

/// Gives everything back.
pub fn reset() {
    // SAFETY: as above.
    unsafe { TOP = 0 }
}

/// Gives n zeros that last until the end of the image.
pub fn zeros(n: usize) -> &'static mut [f32] {
    let at = alloc(4 * n as u32) as *mut f32;
    if at.is_null() {
        crate::fail("out of memory");
    }
    // SAFETY: alloc gives every byte once.
    unsafe {
        core::ptr::write_bytes(at, 0, n);
        core::slice::from_raw_parts_mut(at, n)
    }
}
