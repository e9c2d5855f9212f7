package weights

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func seedModels(f *testing.F, add func(b []byte)) {
	files, err := filepath.Glob(filepath.Join(attacks, "model-*.drdc"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds (%v)", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 1<<12 {
			add(b)
		}
	}
}

// FuzzHeader gives the header parser any text, past the digest.
func FuzzHeader(f *testing.F) {
	seedModels(f, func(b []byte) {
		if n, err := parsePrefix(b[:prefixSize]); err == nil && prefixSize+int(n) <= len(b) {
			f.Add(b[prefixSize : prefixSize+n])
		}
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > MaxHeader {
			return
		}
		h, err := decodeHeader(text)
		if err == nil {
			_, err = h.validate(gather(nil))
		}
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		// What is accepted encodes to a header that is accepted.
		again, err := h.encode()
		if err != nil {
			t.Fatal(err)
		}
		h2, err := decodeHeader(again)
		if err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		if _, err := h2.validate(gather(nil)); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
	})
}

// FuzzPostDigest gives the whole reader any file, with the digests not checked: they would stop a fuzzer at the door.
func FuzzPostDigest(f *testing.F) {
	seedModels(f, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		// A small bound of what is decoded keeps every input fast; the bound itself is tested elsewhere.
		file, err := newReader(bytes.NewReader(b), int64(len(b)), options{maxRaw: 16 << 20, trust: true})
		if err == nil {
			_, err = file.ReadAll(context.Background(), 1, nil)
		}
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
	})
}
