package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	goruntime "runtime"
	"sync"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Options says what a data set holds.
type Options struct {
	Classes int // the first so many of [Classes]
	Train   int // good pictures to learn from, of each class
	Test    int // pictures to measure on, of each class: a third good, the others in turn of each kind of damage
	Size    int // width and height in pixels
	Seed    uint64
	// Replace removes the data set that stands in the folder first. Only what
	// [Write] made is ever removed.
	Replace bool
}

// DefaultOptions returns all classes with 60 pictures to learn from and 30 to
// measure on, of 256 px.
func DefaultOptions() Options {
	return Options{Classes: len(products()), Train: 60, Test: 30, Size: 256}
}

// maxCount is the most pictures of a half: their names have three digits or
// more, and a mistyped number should not fill a disk.
const maxCount = 10000

// Validate wraps [ErrOption].
func (o Options) Validate() error {
	switch {
	case o.Classes < 1 || o.Classes > len(products()):
		return fmt.Errorf("synth: %w: %d classes, want 1 to %d", ErrOption, o.Classes, len(products()))
	case o.Train < 0 || o.Train > maxCount:
		return fmt.Errorf("synth: %w: %d train pictures, want 0 to %d", ErrOption, o.Train, maxCount)
	case o.Test < 0 || o.Test > maxCount:
		return fmt.Errorf("synth: %w: %d test pictures, want 0 to %d", ErrOption, o.Test, maxCount)
	case o.Train+o.Test == 0:
		return fmt.Errorf("synth: %w: no pictures", ErrOption)
	case o.Size < MinSize || o.Size > MaxSize:
		return fmt.Errorf("synth: %w: size %d px, want %d to %d", ErrOption, o.Size, MinSize, MaxSize)
	}
	return nil
}

// ErrNotEmpty says that a folder holds something that may not be replaced.
var ErrNotEmpty = errors.New("folder is not empty")

// Summary is what was written.
type Summary struct {
	Seed    uint64         `json:"seed"`
	Size    int            `json:"size"`
	Classes []ClassSummary `json:"classes"`
}

// ClassSummary counts the pictures of a class.
type ClassSummary struct {
	Name   string         `json:"name"`
	Train  int            `json:"train"`
	Good   int            `json:"test_good"`
	Damage map[string]int `json:"test_damage"`
}

// Images is the number of pictures without their masks.
func (s *Summary) Images() int {
	n := 0
	for _, c := range s.Classes {
		n += c.Train + c.Good
		for _, k := range c.Damage {
			n += k
		}
	}
	return n
}

// recordName is the file that marks a folder as a data set of this package.
const recordName = "synth.json"

// Write draws a data set into dir, in the layout of MVTec AD, and records in
// synth.json how. The folder is made if need be; it must be empty, or with
// Replace be one that Write made. progress is called after each picture, one call
// at a time; nil is fine. It stops between two pictures when ctx ends. It wraps
// [ErrOption], [ErrNotEmpty] and the errors of the file system.
func Write(ctx context.Context, dir string, o Options, progress func(done, total int)) (*Summary, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := makeRoom(dir, o.Replace); err != nil {
		return nil, err
	}
	jobs, summary := plan(o)
	// The record comes first, so that a set that was stopped half-way can be replaced.
	if err := writeRecord(dir, summary); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan job)
	var workers sync.WaitGroup
	var lock sync.Mutex
	done := 0
	for range min(goruntime.GOMAXPROCS(0), len(jobs)) {
		workers.Go(func() {
			for j := range queue {
				if err := j.write(dir, o); err != nil {
					cancel(err)
					return
				}
				lock.Lock()
				done++
				if progress != nil {
					progress(done, len(jobs))
				}
				lock.Unlock()
			}
		})
	}
	for _, j := range jobs {
		select {
		case queue <- j:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(queue)
	workers.Wait()
	if done < len(jobs) {
		return nil, fmt.Errorf("synth: %s: %d of %d pictures written: %w", dir, done, len(jobs), context.Cause(ctx))
	}
	return summary, nil
}

// job is one picture to write.
type job struct {
	class, set, kind string
	index            int
}

// plan lists the pictures of a data set.
func plan(o Options) ([]job, *Summary) {
	var jobs []job
	summary := &Summary{Seed: o.Seed, Size: o.Size}
	for _, p := range products()[:o.Classes] {
		c := ClassSummary{Name: p.name, Train: o.Train, Good: (o.Test + 2) / 3, Damage: map[string]int{}}
		for i := range c.Train {
			jobs = append(jobs, job{p.name, "train", "", i})
		}
		for i := range c.Good {
			jobs = append(jobs, job{p.name, "test", "", i})
		}
		for i := range o.Test - c.Good {
			kind := p.kinds[i%len(p.kinds)]
			jobs = append(jobs, job{p.name, "test", kind, c.Damage[kind]})
			c.Damage[kind]++
		}
		summary.Classes = append(summary.Classes, c)
	}
	return jobs, summary
}

// write draws a picture and, for a damaged part, its mask.
func (j job) write(dir string, o Options) error {
	img, mask, err := Draw(j.class, j.set, j.kind, j.index, o.Size, o.Seed)
	if err != nil {
		return err
	}
	kind := j.kind
	if kind == "" {
		kind = "good"
	}
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if err := put(filepath.Join(dir, j.class, j.set, kind, fmt.Sprintf("%03d.png", j.index)), b.Bytes()); err != nil || mask == nil {
		return err
	}
	truth := &imgio.Heatmap{W: o.Size, H: o.Size, Val: make([]float32, len(mask))}
	for i, v := range mask {
		truth.Val[i] = float32(v)
	}
	b.Reset()
	if err := imgio.EncodeMask(&b, truth, 1); err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	return put(filepath.Join(dir, j.class, "ground_truth", kind, fmt.Sprintf("%03d_mask.png", j.index)), b.Bytes())
}

func put(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	return nil
}

func writeRecord(dir string, s *Summary) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	return put(filepath.Join(dir, recordName), append(data, '\n'))
}

// makeRoom makes room for a data set in dir.
func makeRoom(dir string, replace bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if !replace {
		return fmt.Errorf("synth: %s: %w", dir, ErrNotEmpty)
	}
	data, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return fmt.Errorf("synth: %s: %w, and it is no data set made here: %w", dir, ErrNotEmpty, err)
	}
	var old Summary
	if err := json.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("synth: %s: %w, and its %s is damaged: %w", dir, ErrNotEmpty, recordName, err)
	}
	for _, c := range old.Classes {
		// The record is a file like others: it may not lead out of the folder.
		if _, err := find(c.Name); err != nil {
			return fmt.Errorf("synth: %s: %w, and its %s is damaged: %w", dir, ErrNotEmpty, recordName, err)
		}
	}
	for _, c := range old.Classes {
		if err := os.RemoveAll(filepath.Join(dir, c.Name)); err != nil {
			return fmt.Errorf("synth: %w", err)
		}
	}
	return nil
}
