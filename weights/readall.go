package weights

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Progress is told the stored bytes done and in all. Calls do not overlap and done never falls.
type Progress func(done, total int64)

// maxWorkers keeps the buffers of ReadAll and Verify below 64 MiB.
const maxWorkers = 6

// ReadAll gives the values of all tensors by name, decoded by several workers at once; fewer than 1 means one per processor.
// At its peak it holds the result and two chunks per worker. progress may be nil.
func (f *File) ReadAll(ctx context.Context, workers int, progress Progress) (map[string][]float32, error) {
	ts := f.header.Tensors
	out := make([][]float32, len(ts))
	once := make([]sync.Once, len(ts))
	err := f.each(ctx, workers, progress, func(j job, planes []byte, scales []float32) error {
		t := &ts[j.tensor]
		once[j.tensor].Do(func() { out[j.tensor] = make([]float32, t.Len()) })
		from, to := t.span(j.chunk)
		t.values(out[j.tensor][from:to], planes, from, scales)
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make(map[string][]float32, len(ts))
	for i := range ts {
		if out[i] == nil {
			out[i] = []float32{}
		}
		all[ts[i].Name] = out[i]
	}
	return all, nil
}

// Verify checks the digest of every chunk. When full it also decompresses everything and refuses values that are not finite:
// the error wraps ErrNotFinite and counts them.
func (f *File) Verify(ctx context.Context, full bool, progress Progress) error {
	if !full {
		return f.verifyDigests(ctx, progress)
	}
	ts := f.header.Tensors
	bad := make([]atomic.Int64, len(ts))
	err := f.each(ctx, 0, progress, func(j job, planes []byte, scales []float32) error {
		t := &ts[j.tensor]
		if t.Scale != nil {
			if j.chunk == 0 {
				bad[j.tensor].Add(int64(countNotFinite(scales)))
			}
			return nil
		}
		from, to := t.span(j.chunk)
		v := make([]float32, to-from)
		t.values(v, planes, from, nil)
		bad[j.tensor].Add(int64(countNotFinite(v)))
		return nil
	})
	if err != nil {
		return err
	}
	for i := range ts {
		if n := bad[i].Load(); n > 0 {
			return fmt.Errorf("weights: tensor %q: %d %w", ts[i].Name, n, ErrNotFinite)
		}
	}
	return nil
}

func (f *File) verifyDigests(ctx context.Context, progress Progress) error {
	d := f.borrow()
	defer f.giveBack(d)
	done, total := int64(0), f.storedBytes()
	for i := range f.header.Tensors {
		t := &f.header.Tensors[i]
		chunks := t.Chunks
		if t.Scale != nil {
			chunks = append(t.Scale.Chunks[:len(t.Scale.Chunks):len(t.Scale.Chunks)], chunks...)
		}
		for _, c := range chunks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if c.Zero {
				continue
			}
			if err := d.check(t.Name, c, f.fetch); err != nil {
				return err
			}
			if done += c.Stored; progress != nil {
				progress(done, total)
			}
		}
	}
	return nil
}

func (f *File) storedBytes() int64 {
	n := int64(0)
	for i := range f.header.Tensors {
		n += f.header.Tensors[i].Stored()
	}
	return n
}

// job is one chunk of the elements of one tensor.
type job struct{ tensor, chunk int }

// each decodes every chunk of elements on several workers and hands its planes to use.
func (f *File) each(ctx context.Context, workers int, progress Progress, use func(j job, planes []byte, scales []float32) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, maxWorkers)
	jobs := make(chan job)
	loaded := make([]lazyScales, len(f.header.Tensors))
	meter := meter{report: progress, total: f.storedBytes()}
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			d := &decoder{trust: f.opts.trust}
			for j := range jobs {
				if err := f.do(d, j, &loaded[j.tensor], &meter, use); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	func() {
		defer close(jobs)
		for i := range f.header.Tensors {
			for c := range f.header.Tensors[i].Chunks {
				select {
				case jobs <- job{i, c}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	wait.Wait()
	return context.Cause(ctx)
}

// lazyScales are the scales of a tensor, decoded by whichever worker meets the tensor first.
type lazyScales struct {
	once   sync.Once
	values []float32
	err    error
}

func (f *File) do(d *decoder, j job, s *lazyScales, m *meter, use func(job, []byte, []float32) error) error {
	t := &f.header.Tensors[j.tensor]
	s.once.Do(func() {
		if s.values, s.err = d.scales(t, f.fetch); t.Scale != nil {
			for _, c := range t.Scale.Chunks {
				m.add(c.Stored)
			}
		}
	})
	if s.err != nil {
		return s.err
	}
	c := t.Chunks[j.chunk]
	planes, err := d.chunk(t.Name, c, f.fetch)
	if err != nil {
		return err
	}
	if err := use(j, planes, s.values); err != nil {
		return err
	}
	m.add(c.Stored)
	return nil
}

// meter adds up progress from several goroutines.
type meter struct {
	mu          sync.Mutex
	report      Progress
	done, total int64
}

func (m *meter) add(n int64) {
	if m.report == nil || n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	m.report(m.done, m.total)
}
