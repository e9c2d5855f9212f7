//! What the host does for a rule.

use core::panic::PanicInfo;

mod sys {
    #[link(wasm_import_module = "drdc")]
    extern "C" {
        pub fn fail(text: *const u8, length: usize) -> !;
        pub fn number(name: *const u8, length: usize, value: f64);
        pub fn log(text: *const u8, length: usize);
    }
}

/// Ends the image with an error in those words.
pub fn fail(text: &str) -> ! {
    // SAFETY: the host only reads.
    unsafe { sys::fail(text.as_ptr(), text.len()) }
}

/// Adds a named number to the result of the image: 1 to 64 characters of a-z 0-9 _ - . and a finite value.
pub fn number(name: &str, value: f64) {
    // SAFETY: as above.
    unsafe { sys::number(name.as_ptr(), name.len(), value) }
}

/// Writes a line for the author of the rule.
pub fn log(text: &str) {
    // SAFETY: as above.
    unsafe { sys::log(text.as_ptr(), text.len()) }
}

/// A panic ends the image; the file where it happened is in the log. The text of a panic would need a formatter of 20 KB.
#[panic_handler]
fn panicked(info: &PanicInfo) -> ! {
    if let Some(place) = info.location() {
        log(place.file());
        number("panic.line", place.line() as f64);
    }
    fail("panic; the log has the file")
}
