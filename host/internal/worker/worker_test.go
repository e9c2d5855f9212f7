package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

func TestMain(m *testing.M) {
	workertest.ServeIfAsked()
	os.Exit(m.Run())
}

// bad is the first red value of pictures that faults look for.
const bad = 200

// photo writes a picture and returns it as an input.
func photo(t *testing.T, name string, first uint8) walk.Image {
	t.Helper()
	img, err := imgio.NewRGB(20, 16)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 5)
	}
	img.Pix[0] = first
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return walk.Image{Path: name, Root: dir, Rel: name}
}

// client is a parent with its collected files and notes.
type client struct {
	*worker.Client
	files map[string][]byte
	notes []string
}

func newClient(t *testing.T, start worker.Start, silence time.Duration) *client {
	t.Helper()
	threshold := 0.1
	c := &client{files: map[string][]byte{}}
	c.Client = worker.NewClient(worker.Config{
		Spec:  worker.Spec{Model: "fake", Settings: json.RawMessage(`{}`), Threshold: &threshold, Save: []string{"heatmap", "overlay", "mask", "raw"}},
		Start: start, Silence: silence,
		Note: func(text string, _ bool) { c.notes = append(c.notes, text) },
	})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *client) detect(ctx context.Context, image walk.Image) (worker.Reply, error) {
	return c.detectBefore(ctx, image, nil)
}

// detectBefore does an image with a hint at the next.
func (c *client) detectBefore(ctx context.Context, image walk.Image, next *walk.Image) (worker.Reply, error) {
	void := func() error { clear(c.files); return nil }
	return c.Detect(ctx, image, next, void, func(k worker.Kind, r io.Reader) (err error) {
		c.files[k.Name], err = io.ReadAll(r)
		return err
	})
}

// TestFaults lets the worker fail over an image, then asks for a good one.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault workertest.Fault
		once  bool
		is    error
		want  string // part of the error
	}{
		{"works", workertest.Fault{}, false, nil, ""},
		{"abort, then works", workertest.Fault{How: "abort"}, true, nil, ""},
		{"abort twice", workertest.Fault{How: "abort"}, false, worker.ErrCrashed, "SIGABRT: abort"},
		{"device lost, then works", workertest.Fault{How: "lost"}, true, nil, ""},
		{"device lost twice", workertest.Fault{How: "lost"}, false, worker.ErrCrashed, "device lost"},
		{"hang, then works", workertest.Fault{How: "hang"}, true, nil, ""},
		{"hang twice", workertest.Fault{How: "hang"}, false, worker.ErrCrashed, "no sign of life for 1s"},
		{"garbage twice", workertest.Fault{How: "garbage"}, false, worker.ErrCrashed, "sent what is no frame"},
		{"error", workertest.Fault{How: "error"}, false, nil, "cannot do this image"},
		{"not a number", workertest.Fault{How: "nan"}, false, nil, "non-finite"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.fault.Colour = bad
			if test.once {
				test.fault.Once = filepath.Join(t.TempDir(), "once")
			}
			c := newClient(t, workertest.Start(test.fault), time.Second)
			reply, err := c.detect(t.Context(), photo(t, "bad.png", bad))
			if test.want == "" {
				if err != nil || reply.Width != 20 || reply.Height != 16 || reply.Adapter == "" || len(c.files) != len(worker.Kinds()) {
					t.Errorf("%+v, %d files, %v", reply, len(c.files), err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if _, err := c.detect(t.Context(), photo(t, "good.png", 0)); err != nil {
				t.Errorf("the next image: %v", err)
			}
		})
	}
}

// TestSameBytes compares a worker process, a retried image and a worker in this
// process.
func TestSameBytes(t *testing.T) {
	image := photo(t, "a.png", bad)
	var want map[string][]byte
	for name, start := range map[string]worker.Start{
		"process":    workertest.Start(workertest.Fault{}),
		"retried":    workertest.Start(workertest.Fault{How: "abort", Colour: bad, Once: filepath.Join(t.TempDir(), "once")}),
		"in process": worker.InProcess(workertest.Opener(workertest.Fault{})),
	} {
		c := newClient(t, start, 0)
		if _, err := c.detect(t.Context(), image); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want == nil {
			want = c.files
		}
		for kind := range want {
			if !bytes.Equal(c.files[kind], want[kind]) {
				t.Errorf("%s: %s differs", name, kind)
			}
		}
	}
}

func TestOpenFails(t *testing.T) {
	for _, test := range []struct {
		how  string
		is   []error
		want string
	}{
		{"nodevice", []error{worker.ErrFatal, worker.ErrNoDevice}, "no usable device"},
		{"error", []error{worker.ErrFatal}, "model is broken"},
	} {
		c := newClient(t, workertest.Start(workertest.Fault{Open: test.how}), 0)
		_, err := c.detect(t.Context(), photo(t, "a.png", 0))
		for _, is := range test.is {
			if !errors.Is(err, is) {
				t.Errorf("%s: %v is not %v", test.how, err, is)
			}
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.how, err)
		}
	}
	c := newClient(t, worker.Command(filepath.Join(t.TempDir(), "missing"), nil, nil), 0)
	if _, err := c.detect(t.Context(), photo(t, "a.png", 0)); !errors.Is(err, worker.ErrFatal) {
		t.Errorf("no program: %v", err)
	}
}

// TestGivenUp lets every worker crash while it opens: the waits of 0.2, 1, 5 and
// 5 seconds must pass before five crashes are in a row.
func TestGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for 11 s")
	}
	t.Parallel()
	c := newClient(t, workertest.Start(workertest.Fault{Open: "abort"}), 0)
	start := time.Now()
	_, err := c.detect(t.Context(), photo(t, "a.png", 0))
	if !errors.Is(err, worker.ErrGivenUp) || !strings.Contains(err.Error(), "5 times in a row") {
		t.Errorf("%v", err)
	}
	if d := time.Since(start); d < 11*time.Second || d > 20*time.Second {
		t.Errorf("took %v, want 11.2 s of waiting and a little", d)
	}
	if len(c.notes) < 4 {
		t.Errorf("notes %q", c.notes)
	}
}

// TestStop ends the context while the worker hangs, and while it waits to start.
func TestStop(t *testing.T) {
	why := errors.New("why")
	for _, fault := range []workertest.Fault{{How: "hang", Colour: bad}, {Open: "abort"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		c := newClient(t, workertest.Start(fault), 0)
		var stopped time.Time
		time.AfterFunc(600*time.Millisecond, func() { stopped = time.Now(); cancel(why) })
		if _, err := c.detect(ctx, photo(t, "a.png", bad)); !errors.Is(err, why) {
			t.Errorf("%+v: %v", fault, err)
		}
		if d := time.Since(stopped); d > 2*time.Second {
			t.Errorf("%+v: stopped after %v", fault, d)
		}
	}
}

// TestOrphan closes a worker's stdin in the middle of a step that hangs: it must
// exit.
func TestOrphan(t *testing.T) {
	in, parent := io.Pipe()
	out := make(chan error, 1)
	go func() {
		out <- worker.Serve(t.Context(), in, io.Discard, workertest.Opener(workertest.Fault{How: "hang", Colour: bad}))
	}()
	image := photo(t, "a.png", bad)
	data, err := json.Marshal(map[string]any{"type": "image", "image": map[string][]byte{"root": []byte(image.Root), "rel": []byte(image.Rel)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{"type":"open","spec":{"model":"fake","settings":{}}}`, string(data)} {
		prefix := []byte("drdc\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		prefix[4], prefix[5] = byte(len(text)), byte(len(text)>>8)
		if _, err := parent.Write(append(prefix, text...)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	parent.Close()
	select {
	case <-out:
	case <-time.After(2 * time.Second):
		t.Fatal("still serving 2 s after its parent went")
	}
}

// TestBadFrames feeds both ends what is no frame.
func TestBadFrames(t *testing.T) {
	for _, text := range []string{
		"garbage that is long enough",
		"drdc\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00\x00\x00", // header of 2 GiB
		"drdc\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f{}",
		"drdc\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00{\"typ",
		"drdc\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00{}",
		"drd",
	} {
		if err := worker.Serve(t.Context(), strings.NewReader(text), io.Discard, nil); err == nil {
			t.Errorf("%q: served", text)
		}
	}
	if err := worker.Serve(t.Context(), strings.NewReader(""), io.Discard, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}
