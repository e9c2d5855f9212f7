package imgio

import "errors"

// Sentinels that callers branch on; every error of this package that concerns a file wraps one of them and names the
// file, the value and the limit.
var (
	// ErrFormat says that the file is in a format, or uses a feature of a format, that this package does not read.
	ErrFormat = errors.New("unsupported format")
	// ErrTooLarge says that a limit was passed: file size, pixels or memory.
	ErrTooLarge = errors.New("too large")
	// ErrCorrupt says that the file is of a known format and is damaged, truncated or contradicts itself.
	ErrCorrupt = errors.New("corrupt file")
	// ErrNonFinite says that a map holds a NaN or an infinity where a number is needed.
	ErrNonFinite = errors.New("non-finite value")
	// ErrSize says that a width, height, length or range given by the caller cannot be used.
	ErrSize = errors.New("unusable size")
)
