package imgio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// attacks are made by testdata/attacks/images/gen.py.
const attacks = "../../testdata/attacks/images"

func TestAttacksRefusedAtHeader(t *testing.T) {
	const (
		mostTime  = 5 * time.Millisecond // best of five: other work on the machine is not the decoder's
		mostBytes = 4 << 20
	)
	cases := []struct {
		file string
		kind error
		text string
	}{
		{"30000.png", ErrTooLarge, "30000 x 30000 px (900.0 MP), limit 64.0 MP"},
		{"wide.png", ErrTooLarge, "1677721600 x 1 px"},
		{"overflow.png", ErrFormat, "dimension overflow"},
		{"empty_8000.png", ErrCorrupt, "cannot hold 8000 x 8000 px"},
		{"truncated.png", ErrCorrupt, "PNG"},
		{"huge_sof.jpg", ErrTooLarge, "65500 x 65500 px"},
		{"empty_8000.jpg", ErrCorrupt, "cannot hold 8000 x 8000 px"},
		{"scans.jpg", ErrTooLarge, "2000 scans, limit 256"},
		{"truncated.jpg", ErrCorrupt, "JPEG"},
		{"huge.tif", ErrCorrupt, "image too large"},
		{"strips.tif", ErrCorrupt, "cannot hold 8000 x 8000 px"},
		{"deflate_8000.tif", ErrCorrupt, "cannot hold 8000 x 8000 px"},
		{"tile.tif", ErrTooLarge, "2147483647"},
		{"one_row.tif", ErrTooLarge, "200000 strips or tiles, limit 65536"},
		{"ccitt.tif", ErrTooLarge, "limit 768.0 MiB"},
		{"huge.bmp", ErrTooLarge, "30000 x 30000 px"},
		{"empty_8000.bmp", ErrCorrupt, "cannot hold 8000 x 8000 px"},
		{"negative.bmp", ErrFormat, "BMP"},
		{"huge.webp", ErrTooLarge, "16384 x 16384 px"},
		{"lossless.webp", ErrTooLarge, "16384 x 16384 px"},
		{"frames.gif", ErrFormat, "GIF is not read"},
		{"moving.webp", ErrFormat, "animated WebP"},
		{"text.png", ErrFormat, "not a pi"},
		{"empty.png", ErrCorrupt, "empty"},
	}
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(attacks, c.file))
			if err != nil {
				t.Fatal(err)
			}
			best, used := time.Hour, uint64(0)
			for range 5 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				_, err = Decode(data, c.file, DefaultLimits())
				best = min(best, time.Since(start))
				runtime.ReadMemStats(&after)
				used = after.TotalAlloc - before.TotalAlloc
			}
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("error %v, want %v with %q", err, c.kind, c.text)
			}
			if best > mostTime || used > mostBytes {
				t.Errorf("took %v (limit %v) and %d bytes (limit %d)", best, mostTime, used, mostBytes)
			}
		})
	}
	files, err := os.ReadDir(attacks)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(files) - 1; got != len(cases) {
		t.Errorf("%d attack files for %d cases", got, len(cases))
	}
}

func TestDecodeStaysInAnnouncedMemory(t *testing.T) {
	// All that one decode allocates, garbage included, must not pass what the header announces. The share says how much
	// of it is used; buffers of fixed size make up the slack, and each TIFF strip leaves the state of its decompressor.
	const slack, perStrip = 256 << 10, 48 << 10
	strips := map[string]int64{"strips.tif": 50}
	files, err := os.ReadDir(filepath.Join(goldens, "large"))
	if err != nil || len(files) < 11 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(goldens, "large", file.Name()))
			if err != nil {
				t.Fatal(err)
			}
			f, err := sniff(data)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := f.config(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			h, err := f.check(data, cfg.Width, cfg.Height)
			if err != nil {
				t.Fatal(err)
			}
			pixels := int64(cfg.Width) * int64(cfg.Height)
			announced := h.memory + 3*pixels
			lim := DefaultLimits()
			lim.MaxMemory = announced
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := Decode(data, file.Name(), lim); err != nil {
				t.Errorf("%v with exactly the announced memory", err)
			}
			runtime.ReadMemStats(&after)
			used := int64(after.TotalAlloc - before.TotalAlloc)
			t.Logf("%.1f bytes a pixel allocated, %.1f announced", float64(used)/float64(pixels), float64(announced)/float64(pixels))
			if used > announced+slack+perStrip*strips[file.Name()] {
				t.Errorf("allocated %d bytes, announced %d", used, announced)
			}
			lim.MaxMemory--
			if _, err := Decode(data, file.Name(), lim); !errors.Is(err, ErrTooLarge) {
				t.Errorf("error %v under one byte less, want %v", err, ErrTooLarge)
			}
		})
	}
}

func TestTruncationIsNeverAPicture(t *testing.T) {
	for _, name := range []string{"rgb.png", "q420.jpg", "progressive.jpg", "rgb.bmp", "rgb_tiff_lzw.tif", "lossless.webp", "lossy.webp"} {
		data, err := os.ReadFile(filepath.Join(goldens, "decode", name))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Decode(data, name, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		for cut := 0; cut < len(data); cut += 1 + len(data)/200 {
			img, err := Decode(data[:cut], name, DefaultLimits())
			switch {
			case err == nil && !bytes.Equal(img.Pix, whole.Pix):
				t.Errorf("%s cut to %d of %d bytes: another picture without an error", name, cut, len(data))
			case err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat):
				t.Errorf("%s cut to %d bytes: untyped error %v", name, cut, err)
			}
		}
	}
}

func TestDecoderPanicIsAnError(t *testing.T) {
	boom := func() (int, error) { panic("index out of range") }
	_, err := guard(format{name: "PNG"}, func(io.Reader) (int, error) { return boom() }, nil)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "PNG decoder: index out of range") {
		t.Errorf("error %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, folder := range []string{attacks, filepath.Join(goldens, "decode")} {
		files, err := os.ReadDir(folder)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(filepath.Join(folder, file.Name()))
			if err != nil {
				f.Fatal(err)
			}
			if len(data) < 16<<10 {
				f.Add(data)
			}
		}
	}
	// A megapixel is enough to reach every branch and keeps the fuzzer fast.
	lim := Limits{MaxFileBytes: 1 << 20, MaxPixels: 1 << 20, MaxMemory: 64 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Decode(data, "fuzz", lim)
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if err := img.check(); err != nil || int64(img.W)*int64(img.H) > lim.MaxPixels {
			t.Fatalf("%d x %d px, %d bytes", img.W, img.H, len(img.Pix))
		}
		if _, err := Resize(img, 8, 8); err != nil {
			t.Fatal(err)
		}
	})
}
