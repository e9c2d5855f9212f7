package imgio

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// header is what a file says of itself before its pixels are read.
type header struct {
	orient orientation
	invert bool  // the decoder gives the negative
	memory int64 // bytes the decoder may hold in the worst case, without the result
	needs  int64 // bytes that the shortest possible file with this header has
}

// format ties the content signature of a file format to its decoder and to the checks of its header. check gets the
// width and height that the decoder itself reads.
type format struct {
	name   string
	match  func(b []byte) bool
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	check  func(b []byte, w, h int) (header, error)
}

func formats() []format {
	return []format{
		{"PNG", prefixed("\x89PNG\r\n\x1a\n"), png.DecodeConfig, png.Decode, checkPNG},
		{"JPEG", prefixed("\xff\xd8"), jpeg.DecodeConfig, jpeg.Decode, checkJPEG},
		{"BMP", prefixed("BM"), bmp.DecodeConfig, bmp.Decode, checkBMP},
		{"TIFF", func(b []byte) bool { _, ok := tiffOrder(b); return ok }, tiff.DecodeConfig, tiff.Decode, checkTIFF},
		{"WebP", isWebP, webp.DecodeConfig, webp.Decode, checkWebP},
	}
}

func prefixed(p string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(p)) }
}

// Decode reads an image file held in memory into upright 8-bit RGB; the package comment says what becomes of alpha,
// depth and colour spaces. The format is told by content; name is used in errors only. It wraps [ErrTooLarge] for what
// passes lim (found from the header), [ErrFormat] for what is not supported and [ErrCorrupt] for damaged files; a
// panic inside a decoder is an [ErrCorrupt].
func Decode(data []byte, name string, lim Limits) (*RGB, error) {
	img, err := decode(data, lim)
	if err != nil {
		return nil, fmt.Errorf("imgio: %q: %w", name, err)
	}
	return img, nil
}

func decode(data []byte, lim Limits) (*RGB, error) {
	src, f, h, err := decodeBounded(data, lim)
	if err != nil {
		return nil, err
	}
	img, err := toRGB(src, f.name == "WebP", h.orient)
	if err == nil && h.invert {
		for i := range img.Pix {
			img.Pix[i] = ^img.Pix[i]
		}
	}
	return img, err
}

// Size is that of the picture that Decode gives, from the header alone. Errors are those of Decode that the header shows.
func Size(data []byte, name string, lim Limits) (w, h int, err error) {
	_, head, cfg, err := bounded(data, lim)
	if err != nil {
		return 0, 0, fmt.Errorf("imgio: %q: %w", name, err)
	}
	w, h, _, _, _ = head.orient.place(cfg.Width, cfg.Height)
	return w, h, nil
}

// decodeBounded checks everything that can be known from the header and then runs the decoder of the format.
func decodeBounded(data []byte, lim Limits) (image.Image, format, header, error) {
	fail := func(err error) (image.Image, format, header, error) { return nil, format{}, header{}, err }
	f, h, cfg, err := bounded(data, lim)
	if err != nil {
		return fail(err)
	}
	src, err := guard(f, f.decode, data)
	if err != nil {
		return fail(err)
	}
	if b := src.Bounds(); b.Dx() != cfg.Width || b.Dy() != cfg.Height {
		return fail(fmt.Errorf("%w: %s header says %d x %d px, pixels are %d x %d", ErrCorrupt, f.name, cfg.Width,
			cfg.Height, b.Dx(), b.Dy()))
	}
	return src, f, h, nil
}

// bounded reads the header and refuses what is beyond lim.
func bounded(data []byte, lim Limits) (format, header, image.Config, error) {
	fail := func(err error) (format, header, image.Config, error) { return format{}, header{}, image.Config{}, err }
	if err := lim.checkFile(int64(len(data))); err != nil {
		return fail(err)
	}
	f, err := sniff(data)
	if err != nil {
		return fail(err)
	}
	cfg, err := guard(f, f.config, data)
	if err != nil {
		return fail(err)
	}
	if err := lim.checkPixels(cfg.Width, cfg.Height); err != nil {
		return fail(err)
	}
	h, err := f.check(data, cfg.Width, cfg.Height)
	if err != nil {
		return fail(err)
	}
	if h.needs > int64(len(data)) {
		return fail(fmt.Errorf("%w: %s of %d bytes cannot hold %d x %d px (at least %d bytes)", ErrCorrupt, f.name,
			len(data), cfg.Width, cfg.Height, h.needs))
	}
	return f, h, cfg, lim.checkMemory(h.memory + 3*int64(cfg.Width)*int64(cfg.Height))
}

func sniff(data []byte) (format, error) {
	for _, f := range formats() {
		if f.match(data) {
			return f, nil
		}
	}
	if prefixed("GIF8")(data) {
		return format{}, fmt.Errorf("%w: GIF is not read; PNG, JPEG, BMP, TIFF and WebP are", ErrFormat)
	}
	if len(data) == 0 {
		return format{}, fmt.Errorf("%w: the file is empty", ErrCorrupt)
	}
	return format{}, fmt.Errorf("%w: starts with %q; PNG, JPEG, BMP, TIFF and WebP are read", ErrFormat,
		data[:min(len(data), 8)])
}

// guard runs one step of a decoder, sorts its errors under the sentinels of this package and makes panics errors.
func guard[T any](f format, step func(io.Reader) (T, error), data []byte) (out T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %s decoder: %v", ErrCorrupt, f.name, p)
		}
	}()
	out, err = step(bytes.NewReader(data))
	if err == nil {
		return out, nil
	}
	var (
		pngErr  png.UnsupportedError
		jpegErr jpeg.UnsupportedError
		tiffErr tiff.UnsupportedError
	)
	kind := ErrCorrupt
	if errors.As(err, &pngErr) || errors.As(err, &jpegErr) || errors.As(err, &tiffErr) || errors.Is(err, bmp.ErrUnsupported) {
		kind = ErrFormat
	}
	return out, fmt.Errorf("%w: %s: %w", kind, f.name, err)
}
