package weights

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// BenchmarkLoad gives the rate of ReadAll in float32 bytes and, measured in the same run, its share of what the bare zstd decoder
// does on the same chunks, each to fresh memory, without digests, planes and widening: with as many workers ("share"), and with one
// ("share1"). On one core SHA-256 alone, at about 1.5 GB/s of stored bytes, takes longer than decoding f32 does.
func BenchmarkLoad(b *testing.B) {
	const n = 16 << 20
	data := gauss(9, n)
	for _, d := range []DType{F32, F16, Int8, Int4} {
		file := encodeFile(b, testMeta, []Named{{Name: "base.w", DType: d, Shape: []int{n / 512, 512}, Data: data}})
		f := openBytes(b, file)
		for _, workers := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(fmt.Sprintf("%s/workers=%d", d, workers), func(b *testing.B) {
				b.SetBytes(4 * n)
				for b.Loop() {
					if _, err := f.ReadAll(context.Background(), workers, nil); err != nil {
						b.Fatal(err)
					}
				}
				load := b.Elapsed() / time.Duration(b.N)
				b.ReportMetric(float64(bare(b, f, file, workers))/float64(load), "share")
				b.ReportMetric(float64(bare(b, f, file, 1))/float64(load), "share1")
			})
		}
	}
}

// bare is the mean of five runs of bareDecode.
func bare(b *testing.B, f *File, file []byte, workers int) time.Duration {
	start := time.Now()
	for range 5 {
		bareDecode(b, f, file, workers)
	}
	return time.Since(start) / 5
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
