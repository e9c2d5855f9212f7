package weights

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// BenchmarkLoad compares ReadAll with the bare zstd decoder on the same chunks and workers, each chunk to fresh memory,
// without digests, planes and widening. Rates are of float32 bytes given.
func BenchmarkLoad(b *testing.B) {
	const n = 16 << 20
	data := gauss(9, n)
	for _, d := range []DType{F32, F16, Int8} {
		file := encodeFile(b, testMeta, []Named{{Name: "base.w", DType: d, Shape: []int{n / 512, 512}, Data: data}})
		f := openBytes(b, file)
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d/load", d, workers), func(b *testing.B) {
				b.SetBytes(4 * n)
				for b.Loop() {
					if _, err := f.ReadAll(context.Background(), workers, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("%s/workers=%d/zstd", d, workers), func(b *testing.B) {
				b.SetBytes(4 * n)
				for b.Loop() {
					bareDecode(b, f, file, workers)
				}
			})
		}
	}
}

func bareDecode(b testing.TB, f *File, file []byte, workers int) {
	jobs := make(chan Chunk)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			z, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
			stored := make([]byte, MaxChunk+MaxChunk/64)
			for c := range jobs {
				s := stored[:c.Stored]
				bytes.NewReader(file).ReadAt(s, f.base+c.Offset)
				if _, err := z.DecodeAll(s, make([]byte, 0, c.Raw)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, c := range f.header.Tensors[0].Chunks {
		jobs <- c
	}
	close(jobs)
	wait.Wait()
}
