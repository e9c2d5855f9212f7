// Package workertest has a detector for tests, and ways to make it fail. Only
// tests import it.
//
// The detector needs no model and no device: the heatmap of an image is its
// distance from its own mean colour on a grid of 32x32, and that of variant number
// i, from 0, is 1/(i+2) of it. It submits [Steps] steps per image.
//
// A test's own binary serves as the worker, through its TestMain:
//
//	func TestMain(m *testing.M) {
//		workertest.ServeIfAsked()
//		os.Exit(m.Run())
//	}
//
//	start := workertest.Start(workertest.Fault{Abort: "image.png"})
package workertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Steps is how many steps the detector submits for one image.
const Steps = 10

// side is the width and the height of a heatmap, in pixels.
const side = 32

// Variable of the environment that makes a test binary serve; a Fault as JSON.
const Variable = "DRDC_TEST_WORKER"

// Fault says how the detector fails. The zero value works.
type Fault struct {
	// Step is how long one step takes.
	Step time.Duration
	// Chance is the probability, at each step, of an abort.
	Chance float64
	// Colour makes images fail whose first pixel has this red value, at half of
	// the steps, in the way How says: "abort", "hang", "lost", "error", "nan",
	// "garbage". With Once, a file of that name is made and the next worker works.
	Colour uint8
	How    string
	Once   string
	// Early makes them fail when they are prepared.
	Early bool
	// Open makes opening fail: "abort", "nodevice", "error".
	Open string
	// Trace, if set, is told of "prepare", "queue", "result", "found" behind it and
	// "discard" with the first red value of the image; for a worker in the test's process.
	Trace func(what string, red uint8) `json:"-"`
}

// Start starts workers that are this test binary.
func Start(fault Fault) worker.Start {
	data, err := json.Marshal(fault)
	if err != nil {
		panic(err) // durations, numbers and strings
	}
	return worker.Command(os.Args[0], nil, []string{Variable + "=" + string(data)})
}

// ServeIfAsked turns the process into a worker if Start made it.
func ServeIfAsked() {
	text, asked := os.LookupEnv(Variable)
	if !asked {
		return
	}
	var fault Fault
	if err := json.Unmarshal([]byte(text), &fault); err != nil {
		panic(err)
	}
	if err := worker.Serve(context.Background(), os.Stdin, os.Stdout, Opener(fault)); err != nil {
		fmt.Fprintln(os.Stderr, "drdc: "+err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// Opener makes the detector.
func Opener(fault Fault) worker.Open {
	return func(_ context.Context, spec worker.Spec, watch worker.Watch) (worker.Detector, error) {
		watch.Note("opening " + filepath.Base(spec.Model))
		switch fault.Open {
		case "abort":
			abort()
		case "nodevice":
			return nil, worker.ErrNoDevice
		case "error":
			return nil, errors.New("model is broken")
		}
		return &fake{fault, watch, spec}, nil
	}
}

type fake struct {
	fault Fault
	watch worker.Watch
	spec  worker.Spec
}

func (f *fake) Info() worker.Info {
	return worker.Info{Adapter: "fake adapter (none, cpu)", Software: true}
}

func (f *fake) Times() []worker.Time {
	return []worker.Time{{Part: "base", Kernel: "fake", Count: Steps, Seconds: 1}}
}
func (f *fake) Close() error { return nil }

// detection is an image in the detector.
type detection struct {
	*fake
	img *imgio.RGB
}

func (f *fake) Prepare(img *imgio.RGB, _ [sha256.Size]byte) (worker.Detection, error) {
	d := detection{f, img}
	d.trace("prepare")
	if f.fault.Early && d.bad() {
		if _, err := d.fail(context.Background()); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d detection) trace(what string) {
	if t := d.fault.Trace; t != nil {
		t(what, d.img.Pix[0])
	}
}

func (d detection) Queue(context.Context) error {
	d.trace("queue")
	return nil
}

func (d detection) Discard() { d.trace("discard") }

// bad says that the fault is this image's.
func (d detection) bad() bool {
	return d.fault.How != "" && d.img.Pix[0] == d.fault.Colour && d.first()
}

// fail does what the fault says; the result says whether to put a NaN into the map.
func (d detection) fail(ctx context.Context) (nan bool, err error) {
	switch d.fault.How {
	case "abort":
		abort()
	case "hang":
		<-ctx.Done()
		return false, ctx.Err()
	case "lost":
		return false, fmt.Errorf("fake: %w", worker.ErrLost)
	case "error":
		return false, errors.New("fake: cannot do this image")
	case "garbage":
		_, _ = io.Copy(os.Stdout, bytes.NewReader(bytes.Repeat([]byte("garbage "), 100)))
	}
	return d.fault.How == "nan", nil
}

func (d detection) Result(ctx context.Context) (worker.Result, error) {
	d.trace("result")
	f, img := d.fake, d.img
	bad := !f.fault.Early && d.bad()
	m := &imgio.Heatmap{W: side, H: side, Val: heat(img)}
	for step := range Steps {
		f.watch.Beat()
		if rand.Float64() < f.fault.Chance {
			abort()
		}
		if bad && step == Steps/2 {
			nan, err := d.fail(ctx)
			if err != nil {
				return worker.Result{}, err
			}
			if nan {
				m.Val[7] = float32(math.NaN())
			}
		}
		select {
		case <-time.After(f.fault.Step):
		case <-ctx.Done():
			return worker.Result{}, ctx.Err()
		}
	}
	d.trace("found")
	score := float32(0)
	for _, v := range m.Val {
		score = max(score, v)
	}
	r := worker.Result{Heatmap: m, Score: float64(score), Class: f.spec.Class}
	for i := range f.spec.Variants {
		v := &imgio.Heatmap{W: side, H: side}
		for _, x := range m.Val {
			v.Val = append(v.Val, x/float32(i+2))
		}
		r.Variants = append(r.Variants, worker.Fused{Heatmap: v, Score: float64(score) / float64(i+2)})
	}
	return r, nil
}

// first says whether the fault happens now: always, or the first time only.
func (f *fake) first() bool {
	if f.fault.Once == "" {
		return true
	}
	file, err := os.OpenFile(f.fault.Once, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	return file.Close() == nil
}

// heat is the distance of an image's pixels from their mean, 0 to 1.
func heat(img *imgio.RGB) []float32 {
	var mean [3]float64
	for i, v := range img.Pix {
		mean[i%3] += float64(v) / float64(img.W*img.H)
	}
	val := make([]float32, side*side)
	for i := range val {
		at := 3 * (i/side*img.H/side*img.W + i%side*img.W/side)
		for c := range 3 {
			d := (float64(img.Pix[at+c]) - mean[c]) / 255
			val[i] += float32(d * d / 3)
		}
	}
	return val
}
