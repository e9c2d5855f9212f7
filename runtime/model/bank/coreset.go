package bank

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// projected is the number of values that distances are measured on while a
// coreset is chosen: a random projection keeps them to a few percent
// (Johnson-Lindenstrauss), at a sixth of the work for 192 channels.
const projected = 32

// Coreset picks limit of the rows of channels values each so that every row has a
// near one among them: the greedy k-center choice of PatchCore, farthest point
// first, on a random projection. All rows are taken when there are no more than limit.
// The result has the layout of the stored tensor and depends on the seed alone.
// progress, which may be nil, is told the rows picked and their total.
func Coreset(ctx context.Context, rows []float32, channels, limit int, seed uint64, progress func(done, total int)) ([]float32, error) {
	n := len(rows) / channels
	if n <= limit {
		return Collect(rows, channels, limit, seed), nil
	}
	points := project(rows, channels, seed)
	nearest := make([]float32, n) // squared distance of each row to what was picked
	for i := range nearest {
		nearest[i] = math.MaxFloat32
	}
	kept := make([]float32, 0, limit*channels)
	next := rand.New(rand.NewPCG(seed, 0xc03e)).IntN(n)
	for k := range limit {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		kept = append(kept, rows[next*channels:(next+1)*channels]...)
		next = farthest(points, nearest, next)
		if progress != nil {
			progress(k+1, limit)
		}
	}
	return kept, nil
}

// farthest lowers the distances by those to row picked and returns the row that is
// now the farthest, the first of equals.
func farthest(points, nearest []float32, picked int) int {
	workers := runtime.GOMAXPROCS(0)
	best := make([]int, workers)
	center := points[picked*projected : (picked+1)*projected]
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			first, end := w*len(nearest)/workers, (w+1)*len(nearest)/workers
			best[w] = first
			for i := first; i < end; i++ {
				p := points[i*projected : (i+1)*projected]
				d := float32(0)
				for j, c := range center {
					x := p[j] - c
					d += x * x
				}
				nearest[i] = min(nearest[i], d)
				if nearest[i] > nearest[best[w]] {
					best[w] = i
				}
			}
		})
	}
	wg.Wait()
	at := best[0]
	for _, b := range best[1:] {
		if b < len(nearest) && nearest[b] > nearest[at] {
			at = b
		}
	}
	return at
}

// project multiplies rows by a matrix of random signs.
func project(rows []float32, channels int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0x516e))
	signs := make([]float32, channels*projected)
	for i := range signs {
		signs[i] = float32(1 - 2*int(r.Uint64()>>63))
	}
	n := len(rows) / channels
	points := make([]float32, n*projected)
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				p := points[i*projected : (i+1)*projected]
				for c, v := range rows[i*channels : (i+1)*channels] {
					for j := range p {
						p[j] += v * signs[c*projected+j]
					}
				}
			}
		})
	}
	wg.Wait()
	return points
}
