package weights

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const attacks = "../testdata/attacks"

// Bars for refusing an attack: generous for a loaded machine, far below what the attacks aim at.
const (
	attackTime = 50 * time.Millisecond
	attackHeap = 32 << 20
)

// TestAttacks opens and fully verifies the files that testdata/attacks/gen.py writes. Each must be refused for its own reason, in
// time and memory.
func TestAttacks(t *testing.T) {
	want := map[string]error{
		"good": nil, "magic": ErrMagic, "version": ErrVersion, "flags": ErrVersion,
		"header-16-eib": ErrLimit, "header-tensors-10m": ErrLimit, "header-not-json": ErrHeader, "header-not-object": ErrHeader,
		"header-null": ErrHeader, "header-unknown-field": ErrHeader, "header-folded-key": ErrHeader, "header-float": ErrHeader,
		"header-missing-field": ErrHeader, "shape-missing": ErrHeader,
		"header-duplicate-key": ErrDuplicate, "header-deep": ErrLimit, "header-tensors-20000": ErrLimit, "shape-of-100000": ErrLimit,
		"name-duplicate": ErrDuplicate, "name-unsorted": ErrDuplicate, "name-path": ErrName, "name-dots": ErrName, "name-long": ErrName,
		"name-no-part": ErrName, "origin-control": ErrName, "dtype": ErrDType, "rank-9": ErrLimit, "shape-negative": ErrShape,
		"shape-overflow": ErrShape, "shape-length": ErrLength, "scale-missing": ErrHeader, "scale-group-zero": ErrShape,
		"scale-group-huge": ErrShape, "hole": ErrHole, "overlap": ErrOverlap, "offset-negative": ErrOverlap, "zero-with-bytes": ErrHeader,
		"truncated": ErrTruncated, "trailing": ErrTrailing, "header-digest": ErrChecksum, "chunk-digest": ErrChecksum,
		"chunk-raw-lies": ErrLength, "chunk-short": ErrLength, "zeros-1-gib-stated": ErrLimit, "zeros-1-gib-hidden": ErrLength,
		"window-16-gib": ErrWindow, "window-second-frame": ErrWindow, "dictionary": ErrFrame, "not-zstd": ErrFrame, "ratio": ErrRatio,
		"zeros-flagged-4-gib": ErrLimit, "int4-widens-to-16-gib": ErrLimit, "nan": ErrNotFinite, "inf": ErrNotFinite,
	}
	files, err := filepath.Glob(filepath.Join(attacks, "model-*.drdc"))
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d attack files, %d expected (%v)", len(files), len(want), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "model-"), ".drdc")
		kind, known := want[name]
		if !known {
			t.Errorf("%s: no expectation", name)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		heap, took := cost(func() {
			var f *File
			if f, err = NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
				err = f.Verify(context.Background(), true, nil)
			}
		})
		if (kind == nil) != (err == nil) || !errors.Is(err, kind) {
			t.Errorf("%s: got %v, want %v", name, err, kind)
		}
		if kind != nil && kind != ErrNotFinite && !refused(err) {
			t.Errorf("%s: %v is neither ErrFormat nor ErrChecksum", name, err)
		}
		if heap > attackHeap || took > attackTime {
			t.Errorf("%s: took %v and allocated %d bytes", name, took, heap)
		}
	}
}

// cost is what f allocates in all, an upper bound of its heap, and the shortest time of up to twenty runs: one within
// attackTime ends them, a busy machine needs more.
func cost(f func()) (heap uint64, took time.Duration) {
	took = time.Hour
	for i := 0; i < 20 && took > attackTime; i++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		f()
		took = min(took, time.Since(start))
		runtime.ReadMemStats(&after)
		heap = after.TotalAlloc - before.TotalAlloc
	}
	return heap, took
}

// TestLongHeader holds the largest header allowed, all of it hostile, to the same memory and to a time for 4 MiB of JSON.
func TestLongHeader(t *testing.T) {
	fill := func(prefix, unit, suffix string) string {
		n := (MaxHeader - len(prefix) - len(suffix)) / len(unit)
		return prefix + strings.Repeat(unit, n) + suffix
	}
	for name, text := range map[string]string{
		"tensors": fill(`{"tensors":[{}`, `,{}`, `]}`),
		"numbers": fill(`{"config":{"a":[1`, `,1`, `]}}`),
		"depth":   fill(`{"config":`, `[`, ``),
		"string":  fill(`{"config":{"a":"`, `x`, `"}}`),
		"spaces":  fill(`{`, ` `, `}`),
	} {
		file := assemble(text, nil)
		var err error
		heap, took := cost(func() { _, err = NewReader(bytes.NewReader(file), int64(len(file))) })
		if !refused(err) || heap > attackHeap || took > 4*attackTime {
			t.Errorf("%s: took %v, allocated %d bytes, %v", name, took, heap, err)
		}
	}
}
