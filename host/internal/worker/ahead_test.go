package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// trace keeps what a detector in this process was told.
type trace struct {
	mu    sync.Mutex
	lines []string
}

func (t *trace) add(what string, red uint8) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf("%s %d", what, red))
}

// place is the first line that says so, or -1.
func (t *trace) place(line string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Index(t.lines, line)
}

func (t *trace) count(line string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.lines {
		if l == line {
			n++
		}
	}
	return n
}

// album is n pictures, whose first red values are their numbers from 1.
func album(t *testing.T, n int) (list []walk.Image) {
	t.Helper()
	for i := range n {
		list = append(list, photo(t, fmt.Sprint(i+1, ".png"), uint8(i+1)))
	}
	return list
}

// TestNext holds the worker to begin with the next image while one runs, to queue it
// behind that, and to do nothing twice.
func TestNext(t *testing.T) {
	var tr trace
	c := newClient(t, worker.InProcess(workertest.Opener(workertest.Fault{Step: 20 * time.Millisecond, Trace: tr.add})), 0)
	images := album(t, 3)
	for i := range images {
		var next *walk.Image
		if i+1 < len(images) {
			next = &images[i+1]
		}
		if _, err := c.detectBefore(t.Context(), images[i], next); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < len(images); i++ {
		for _, order := range [][2]string{
			{"queue THIS", "queue NEXT"}, {"prepare NEXT", "queue NEXT"}, {"queue NEXT", "found THIS"}, {"found THIS", "result NEXT"},
		} {
			name := strings.NewReplacer("THIS", fmt.Sprint(i), "NEXT", fmt.Sprint(i+1))
			first, then := name.Replace(order[0]), name.Replace(order[1])
			if a, b := tr.place(first), tr.place(then); a < 0 || a > b {
				t.Errorf("%q is at %d, %q at %d of %q", first, a, then, b, tr.lines)
			}
		}
		if n := tr.count(fmt.Sprintf("prepare %d", i+1)); n != 1 {
			t.Errorf("image %d was prepared %d times", i+1, n)
		}
	}
}

// TestWrongNext names images that are not asked for, cannot be read or are broken: the
// image in hand does not feel it, and what is wrong shows when it is asked for.
func TestWrongNext(t *testing.T) {
	var tr trace
	c := newClient(t, worker.InProcess(workertest.Opener(workertest.Fault{Trace: tr.add})), 0)
	images := album(t, 3)
	broken := photo(t, "broken.png", 9)
	missing := walk.Image{Path: "missing.png", Root: broken.Root, Rel: "missing.png"}
	if err := os.WriteFile(filepath.Join(broken.Root, broken.Rel), []byte("\x89PNG\r\n\x1a\nno"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := map[int]map[string][]byte{}
	for i, image := range images {
		if _, err := c.detect(t.Context(), image); err != nil {
			t.Fatal(err)
		}
		want[i] = maps.Clone(c.files)
	}
	check := func(i int, next walk.Image) {
		t.Helper()
		clear(c.files)
		if _, err := c.detectBefore(t.Context(), images[i], &next); err != nil {
			t.Errorf("%s before %s: %v", images[i].Rel, next.Rel, err)
		}
		if !maps.EqualFunc(c.files, want[i], bytes.Equal) {
			t.Errorf("%s before %s: other files", images[i].Rel, next.Rel)
		}
	}
	check(0, images[1])
	check(2, images[1]) // not what was said
	check(1, missing)   // what was said
	if _, err := c.detectBefore(t.Context(), missing, &broken); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing: %v", err)
	}
	check(0, broken)
	if _, err := c.detectBefore(t.Context(), broken, &images[0]); err == nil || !strings.Contains(err.Error(), "corrupt file") {
		t.Errorf("broken: %v", err)
	}
	check(0, images[0]) // itself
	check(0, images[1])
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if n := tr.count("discard 2"); n != 2 {
		t.Errorf("%d images given up, want 2: %q", n, tr.lines)
	}
}

// TestSameWithNext compares images that overlap with images that do not.
func TestSameWithNext(t *testing.T) {
	images := album(t, 5)
	c := newClient(t, workertest.Start(workertest.Fault{}), 0)
	for i := range images {
		alone, err := c.detect(t.Context(), images[i])
		if err != nil {
			t.Fatal(err)
		}
		files := maps.Clone(c.files)
		again, err := c.detectBefore(t.Context(), images[i], &images[(i+1)%len(images)])
		if err != nil {
			t.Fatal(err)
		}
		if alone.SHA256 != again.SHA256 || alone.Score != again.Score || !maps.EqualFunc(files, c.files, bytes.Equal) {
			t.Errorf("image %d: %+v and %+v", i, alone, again)
		}
	}
}

// TestNextCrashes lets the worker die, or hang, over an image that is only looked ahead
// for: the image in hand is done again without it, and the blame is on the right one.
func TestNextCrashes(t *testing.T) {
	for _, how := range []string{"abort", "hang"} {
		c := newClient(t, workertest.Start(workertest.Fault{Colour: bad, How: how, Early: true, Step: 30 * time.Millisecond}), time.Second)
		good, culprit, after := photo(t, "good.png", 1), photo(t, "bad.png", bad), photo(t, "after.png", 2)
		if _, err := c.detectBefore(t.Context(), good, &culprit); err != nil {
			t.Errorf("%s: the image before: %v", how, err)
		}
		if crashed := len(c.crashes()) > 0; crashed != (how == "abort") {
			t.Errorf("%s: notes %q", how, c.notes)
		}
		if _, err := c.detectBefore(t.Context(), culprit, &after); !errors.Is(err, worker.ErrCrashed) {
			t.Errorf("%s: the image itself: %v", how, err)
		}
		if _, err := c.detect(t.Context(), after); err != nil {
			t.Errorf("%s: the image after: %v", how, err)
		}
	}
}

func (c *client) crashes() (list []string) {
	for _, n := range c.notes {
		if strings.Contains(n, "worker crashed") {
			list = append(list, n)
		}
	}
	return list
}

// TestNextStop ends a worker, in a process and in this one, that hangs over an image
// that is only looked ahead for: between images, and by the context within one.
func TestNextStop(t *testing.T) {
	fault := workertest.Fault{Colour: bad, How: "hang", Early: true}
	for name, start := range map[string]worker.Start{"process": workertest.Start(fault), "in process": worker.InProcess(workertest.Opener(fault))} {
		good, culprit := photo(t, "good.png", 1), photo(t, "bad.png", bad)
		c := newClient(t, start, 0)
		if _, err := c.detectBefore(t.Context(), good, &culprit); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 2*time.Second { // half a second, and one for the race detector
			t.Errorf("%s: closed after %v", name, took)
		}

		c = newClient(t, start, 0)
		if _, err := c.detectBefore(t.Context(), good, &culprit); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		began = time.Now()
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, err := c.detect(ctx, culprit); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 2500*time.Millisecond {
			t.Errorf("%s: stopped after %v", name, took)
		}
	}
}

// TestProfileAlone: an image whose parts are timed runs alone.
func TestProfileAlone(t *testing.T) {
	var tr trace
	images := album(t, 2)
	spec := worker.Spec{Model: "fake", Settings: []byte(`{}`), Profile: true}
	c := worker.NewClient(worker.Config{Spec: spec, Start: worker.InProcess(workertest.Opener(workertest.Fault{Trace: tr.add})), Note: func(string, bool) {}})
	sink := func(_ worker.Kind, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	for i := range images {
		if _, err := c.Detect(t.Context(), images[i], &images[1-i], func() error { return nil }, sink); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if tr.place("prepare 2") < tr.place("found 1") || tr.count("prepare 1") != 1 {
		t.Errorf("%q", tr.lines)
	}
}
