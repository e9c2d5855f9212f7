package imgio

import "fmt"

// Limits bounds what a file from outside may cost. A file over a limit is refused before its pixels are read.
type Limits struct {
	// MaxFileBytes is the largest file, in bytes.
	MaxFileBytes int64
	// MaxPixels is the largest width times height.
	MaxPixels int64
	// MaxMemory is the largest memory, in bytes, that decoding may need besides the file itself: the decoder's planes
	// and buffers, estimated from the header for the worst case, and the result.
	MaxMemory int64
}

// DefaultLimits returns 128 MiB of file, 64 megapixels and 768 MiB of memory. 64 megapixels fit in that memory in
// the common forms. These reach it first: progressive JPEG without chroma subsampling at 44 megapixels, the same of RGB
// or CMYK at 28 to 36, interlaced 16-bit PNG at 42, compressed TIFF in one strip at 29 to 35.
func DefaultLimits() Limits {
	return Limits{MaxFileBytes: 128 << 20, MaxPixels: 64_000_000, MaxMemory: 768 << 20}
}

func (l Limits) checkFile(n int64) error {
	if n > l.MaxFileBytes {
		return fmt.Errorf("%w: file of %s, limit %s", ErrTooLarge, mib(n), mib(l.MaxFileBytes))
	}
	return nil
}

func (l Limits) checkPixels(w, h int) error {
	if w <= 0 || h <= 0 {
		return fmt.Errorf("%w: image of %d x %d px", ErrCorrupt, w, h)
	}
	if int64(w) > l.MaxPixels/int64(h) {
		return fmt.Errorf("%w: %d x %d px (%.1f MP), limit %.1f MP", ErrTooLarge, w, h,
			float64(w)*float64(h)/1e6, float64(l.MaxPixels)/1e6)
	}
	return nil
}

func (l Limits) checkMemory(n int64) error {
	if n > l.MaxMemory {
		return fmt.Errorf("%w: decoding needs up to %s of memory, limit %s", ErrTooLarge, mib(n), mib(l.MaxMemory))
	}
	return nil
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
