package weights

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// readAllOf opens and verifies b. It is what "accepted" means in the tests of damage.
func readAllOf(b []byte) error {
	f, err := NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	return f.Verify(context.Background(), false, nil)
}

func refused(err error) bool { return errors.Is(err, ErrFormat) || errors.Is(err, ErrChecksum) }

// TestEveryBitFlip flips each of the 131,072 bits of a 16 KiB file. Flips in the chunks do not touch the header, so there one open file is
// verified again and again.
func TestEveryBitFlip(t *testing.T) {
	file := fixture16K(t)
	if err := readAllOf(file); err != nil {
		t.Fatal(err)
	}
	var done, accepted atomic.Int64
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			b := bytes.Clone(file)
			f := openBytes(t, b)
			for bit := w; bit < 8*len(b); bit += workers {
				b[bit/8] ^= 1 << (bit % 8)
				err := error(nil)
				if int64(bit/8) < f.base {
					err = readAllOf(b)
				} else {
					err = f.Verify(context.Background(), false, nil)
				}
				if !refused(err) {
					accepted.Add(1)
					t.Errorf("bit %d of byte %d: %v", bit%8, bit/8, err)
				}
				b[bit/8] ^= 1 << (bit % 8)
				done.Add(1)
			}
		})
	}
	wait.Wait()
	if done.Load() != 131072 || accepted.Load() != 0 {
		t.Fatalf("%d of %d flips accepted", accepted.Load(), done.Load())
	}
}

func TestEveryTruncation(t *testing.T) {
	file := fixture16K(t)
	for n := range len(file) {
		if err := readAllOf(file[:n]); !refused(err) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestAppended(t *testing.T) {
	file := fixture16K(t)
	for _, n := range []int{1, 4096} {
		if err := readAllOf(append(bytes.Clone(file), make([]byte, n)...)); !errors.Is(err, ErrTrailing) {
			t.Errorf("%d bytes appended: %v", n, err)
		}
	}
}

// TestOverwrites damages a larger file at random, seed 5.
func TestOverwrites(t *testing.T) {
	file := encodeFile(t, testMeta, []Named{{Name: "base.w", DType: F16, Shape: []int{64, 576}, Data: gauss(5, 64*576)}})
	r := rand.New(rand.NewPCG(5, 5))
	for i := range 1000 {
		b := bytes.Clone(file)
		at, n := r.IntN(len(b)-64), 1+r.IntN(64)
		for j := range n {
			b[at+j] = byte(r.Uint32())
		}
		if bytes.Equal(b, file) {
			continue
		}
		if err := readAllOf(b); !refused(err) {
			t.Fatalf("overwrite %d, %d bytes at %d: %v", i, n, at, err)
		}
	}
}

// TestStreamDamage holds Stream to the same: it must end with a refusal whatever is damaged.
func TestStreamDamage(t *testing.T) {
	file := fixture16K(t)
	stream := func(b []byte) error {
		return Stream(context.Background(), bytes.NewReader(b), nil, nil, func(Tensor, []float32) error { return nil })
	}
	if err := stream(file); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(file); at += 7 {
		b := bytes.Clone(file)
		b[at] ^= 0x10
		if err := stream(b); !refused(err) {
			t.Fatalf("flip at %d: %v", at, err)
		}
		if err := stream(file[:at]); !errors.Is(err, ErrTruncated) {
			t.Fatalf("cut to %d: %v", at, err)
		}
	}
	if err := stream(append(bytes.Clone(file), 0)); !errors.Is(err, ErrTrailing) {
		t.Errorf("one byte appended: %v", err)
	}
}
