package learn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/runtime/train/traintest"
	"github.com/drdc-dev/drdc/weights"
)

// lesson is the training of traintest with accidents.
type lesson struct {
	steps, passes int
	lr            float64
	poison        int // the step, from 0, whose input holds a NaN; 0: none
	slow          time.Duration
	after         func(step int) // a step was fed
}

func (l lesson) feed(t *train.Trainer, pass int) error {
	time.Sleep(l.slow)
	err := traintest.Feed(t, pass, func(x []float64) {
		if l.poison > 0 && t.Steps() == l.poison {
			x[5] = math.NaN()
		}
	})
	if l.after != nil {
		l.after(t.Steps())
	}
	return err
}

type settings struct {
	LR     float64 `json:"lr"`
	Nested struct {
		Seed int `json:"seed"`
	} `json:"nested"`
}

// job plans the lesson; its model is a file of the averaged weights.
func (l lesson) job(t testing.TB, dev *gpu.Device, o Options) Job {
	a := train.DefaultAdamW()
	a.LR = l.lr
	plan, err := train.New(traintest.Build, graph.DeviceLimits(dev), train.Options{AdamW: a, Passes: l.passes, EMA: 0.9, Warmup: true})
	if err != nil {
		t.Fatal(err)
	}
	meta := weights.Meta{Config: []byte("{}"), Parts: map[string]weights.Part{"net": {Arch: "test"}}}
	return Job{
		Part: "net", Settings: settings{LR: l.lr}, Plan: plan, Store: traintest.Start(), Meta: meta,
		Steps: l.steps, Samples: 2 * l.passes, Images: 10, Feed: l.feed,
		Model: func(ctx context.Context, tr *train.Trainer) error {
			list, err := tr.Tensors(ctx, true)
			if err != nil {
				return err
			}
			_, err = weights.Write(o.Output, meta, list)
			return err
		},
		Pictures: func(context.Context, *train.Trainer) ([]Picture, error) {
			return []Picture{{"<first>", []Cell{{"x & y", []byte("png")}}}}, nil
		},
	}
}

func open(t testing.TB) *gpu.Device {
	t.Helper()
	dev, err := gpu.Open(context.Background(), gpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// recorder is a View that keeps what it is told.
type recorder struct {
	steps []Progress
	text  []string
}

func (r *recorder) Step(p Progress) {
	p.History = slices.Clone(p.History)
	r.steps = append(r.steps, p)
}
func (r *recorder) Note(format string, args ...any) {
	r.text = append(r.text, fmt.Sprintf(format, args...))
}
func (r *recorder) Warn(format string, args ...any) {
	r.text = append(r.text, "warning: "+fmt.Sprintf(format, args...))
}

func options(dir string) Options {
	return Options{Output: filepath.Join(dir, "net.drdc"), Every: time.Hour, Title: "a <lesson>"}
}

// figures are the columns of the losses that do not depend on the clock.
func figures(t *testing.T, o Options) []Record {
	t.Helper()
	data, err := os.ReadFile(FilesOf(o.Output).Losses)
	if err != nil {
		t.Fatal(err)
	}
	all, err := readRecords(data, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Seconds = 0
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// whole runs the lesson in one go.
func whole(t *testing.T, dev *gpu.Device, l lesson) (Options, []Record) {
	t.Helper()
	o := options(t.TempDir())
	result, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Steps != l.steps || !result.Complete {
		t.Fatalf("result %+v, want %d steps", result, l.steps)
	}
	return o, figures(t, o)
}

// TestResume stops a run in several ways and goes on: the losses, the checkpoint and
// the model are those of a run without a stop.
func TestResume(t *testing.T) {
	dev := open(t)
	for _, passes := range []int{1, 3} {
		l := lesson{steps: 40, passes: passes, lr: 0.05}
		straight, want := whole(t, dev, l)
		if first, last := want[0].Loss, want[39].Loss; !(last < first/5) {
			t.Errorf("loss fell from %g to %g only", first, last)
		}
		for _, test := range []struct {
			name string
			stop func(o *Options, l *lesson, cancel context.CancelCauseFunc)
			err  error
		}{
			{"context", func(_ *Options, l *lesson, cancel context.CancelCauseFunc) {
				l.after = func(step int) {
					if step == 11 {
						cancel(errors.New("enough"))
					}
				}
			}, ErrStopped},
			{"budget", func(o *Options, l *lesson, _ context.CancelCauseFunc) {
				now := time.Unix(0, 0)
				o.Now = func() time.Time { return now }
				o.Budget = 12 * time.Second
				l.after = func(int) { now = now.Add(time.Second / time.Duration(passes)) }
			}, nil},
			{"not a number", func(o *Options, l *lesson, _ context.CancelCauseFunc) {
				now := time.Unix(0, 0)
				o.Now = func() time.Time { return now }
				o.Every = 5 * time.Second
				l.after = func(int) { now = now.Add(time.Second) }
				l.poison = 13
			}, graph.ErrNonFinite},
		} {
			t.Run(fmt.Sprintf("%s, %d passes", test.name, passes), func(t *testing.T) {
				o := options(t.TempDir())
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				broken, first := l, o
				test.stop(&first, &broken, cancel)
				result, err := Run(ctx, dev, broken.job(t, dev, o), first, &recorder{})
				if !errors.Is(err, test.err) {
					t.Fatalf("error %v, want %v", err, test.err)
				}
				if result.Complete || result.Steps < 10 || result.Steps > 14 {
					t.Errorf("result %+v", result)
				}
				if test.err == graph.ErrNonFinite && !(strings.Contains(err.Error(), "net: conv2d") && strings.Contains(err.Error(), "is untouched")) {
					t.Errorf("error %q names no layer or no checkpoint", err)
				}
				// A second run must ask.
				if _, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{}); !errors.Is(err, ErrCheckpoint) {
					t.Errorf("a second start: %v", err)
				}
				o.Resume = true
				again := &recorder{}
				if _, err := Run(context.Background(), dev, l.job(t, dev, o), o, again); err != nil {
					t.Fatal(err)
				}
				if got := figures(t, o); !slices.Equal(got, want) {
					t.Errorf("losses %v, want %v", got, want)
				}
				for _, pick := range []func(Files) string{func(f Files) string { return f.Checkpoint }, func(f Files) string { return f.Model }} {
					if read(t, pick(FilesOf(o.Output))) != read(t, pick(FilesOf(straight.Output))) {
						t.Errorf("%s differs", pick(FilesOf(o.Output)))
					}
				}
				if p := again.steps[len(again.steps)-1]; p.Record.Step != 40 || p.Steps != 40 || len(p.History) != 40 {
					t.Errorf("last progress %+v", p)
				}
			})
		}
	}
}

// TestEstimate looks for the time left before the first step: from a trial, from the
// budget, and from the file of losses.
func TestEstimate(t *testing.T) {
	dev := open(t)
	now := time.Unix(0, 0)
	o := options(t.TempDir())
	o.Now = func() time.Time { return now }
	l := lesson{steps: 100, passes: 1, lr: 0.05, after: func(int) { now = now.Add(2 * time.Second) }}
	for _, test := range []struct {
		budget time.Duration
		steps  int // of the view, no trial among them
		want   string
	}{
		{20 * time.Second, 10, "a step takes 2.0 s: about 10 of 100 steps in the 20.0 s given"},
		{0, 90, "a step takes 2.0 s: about 3 min for 90 steps"},
	} {
		v := &recorder{}
		o.Budget = test.budget
		if _, err := Run(context.Background(), dev, l.job(t, dev, o), o, v); err != nil {
			t.Fatal(err)
		}
		if len(v.steps) != test.steps || !slices.Contains(v.text, test.want) {
			t.Errorf("%d steps, want %d; remarks %q, want %q", len(v.steps), test.steps, v.text, test.want)
		}
		o.Resume = true
	}
	for seconds, want := range map[float64]string{0.0123: "12ms", 1.26: "1.3 s", 90: "2 min", 5400: "1.5 h"} {
		if got := short(seconds); got != want {
			t.Errorf("%g s is %q, want %q", seconds, got, want)
		}
	}
}

// TestSettings resumes with another setting: the refusal names it, and a fresh start
// is possible.
func TestSettings(t *testing.T) {
	dev := open(t)
	l := lesson{steps: 3, passes: 1, lr: 0.05}
	o, _ := whole(t, dev, l)
	o.Resume = true
	other := l.job(t, dev, o)
	s := settings{LR: 0.04}
	s.Nested.Seed = 3
	other.Settings = s
	_, err := Run(context.Background(), dev, other, o, &recorder{})
	if !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "lr was 0.05, is 0.04; nested.seed was 0, is 3") {
		t.Errorf("error %v", err)
	}
	o.Resume, o.Fresh = false, true
	if r, err := Run(context.Background(), dev, other, o, &recorder{}); err != nil || r.Steps != 3 {
		t.Errorf("a fresh start: %+v, %v", r, err)
	}
	o = options(t.TempDir())
	o.Resume = true
	if _, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{}); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("nothing to resume: %v", err)
	}
	// More steps under the same settings go on.
	o, _ = whole(t, dev, l)
	l.steps, o.Resume = 5, true
	if r, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{}); err != nil || r.Steps != 5 {
		t.Errorf("more steps: %+v, %v", r, err)
	}
}

// TestLosses resumes over a file of losses that a crash left: later steps and a torn
// line are dropped, what cannot be read is an error with the line.
func TestLosses(t *testing.T) {
	dev := open(t)
	l := lesson{steps: 4, passes: 1, lr: 0.05}
	o, want := whole(t, dev, l)
	o.Resume = true
	file := FilesOf(o.Output).Losses
	good := read(t, file)
	for name, test := range map[string]struct{ text, err string }{
		"torn":         {good + "5,0.8,0.1", ""},
		"later steps":  {good + "5,1,0.1,1,0.05,9\n6,1.2,0.1,1,0.05,9\n", ""},
		"no number":    {strings.Replace(good, "\n2,", "\ntwo,", 1), "line 3"},
		"not finite":   {strings.Replace(good, "\n2,0.4,", "\n2,NaN,", 1), "epoch is NaN"},
		"other column": {good[:len(good)-1] + ",1\n", "wrong number of fields"},
	} {
		if err := os.WriteFile(file, []byte(test.text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{})
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: error %v, want %q", name, err, test.err)
		}
		if err == nil {
			if got := figures(t, o); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
}

// TestPage reads the data of the page back.
func TestPage(t *testing.T) {
	dev := open(t)
	o, want := whole(t, dev, lesson{steps: 6, passes: 2, lr: 0.05})
	text := read(t, FilesOf(o.Output).Page)
	for _, part := range []string{
		"<title>a &lt;lesson&gt;</title>", `"settings":[["lr","0.05"],["nested.seed","0"]]`, `\u003cfirst\u003e`, `["x \u0026 y","cG5n"]`, `"cost":null`,
		fmt.Sprintf("[6,2.4,%v,", want[5].Loss),
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	many := make([]Record, 4001)
	for i := range many {
		many[i] = Record{Step: i + 1, Loss: float64(i)}
	}
	thin := points(many, maxPoints)
	if len(thin) != maxPoints || thin[maxPoints-1][0] != 4001 || thin[0][2] != 0.5 {
		t.Errorf("%d points, first %v, last %v", len(thin), thin[0], thin[len(thin)-1])
	}
}

// TestValidate names what is wrong.
func TestValidate(t *testing.T) {
	dev := open(t)
	l := lesson{steps: 1, passes: 1, lr: 0.05}
	for want, change := range map[string]func(*Job, *Options){
		"0 steps":             func(j *Job, _ *Options) { j.Steps = 0 },
		"-1 samples":          func(j *Job, _ *Options) { j.Samples = -1 },
		"no name":             func(_ *Job, o *Options) { o.Output = "" },
		"between checkpoints": func(_ *Job, o *Options) { o.Every = 0 },
		"a budget of -1s":     func(_ *Job, o *Options) { o.Budget = -time.Second },
		"no such file":        func(_ *Job, o *Options) { o.Output = filepath.Join(o.Output, "folder", "net.drdc") },
	} {
		o := options(t.TempDir())
		job := l.job(t, dev, o)
		change(&job, &o)
		if _, err := Run(context.Background(), dev, job, o, &recorder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestCompareSettings is about keys that only one side has.
func TestCompareSettings(t *testing.T) {
	for _, test := range []struct{ stored, now, want string }{
		{`{"a":1,"b":{"c":[1,2]}}`, `{"b":{"c":[1, 2]},"a":1}`, ""},
		{`{"a":1}`, `{"a":1,"b":"x"}`, `b was not set, is "x"`},
		{`{"a":1,"b":{"c":2}}`, `{"a":1}`, `b.c was 2, is not set`},
		{``, `{}`, "no JSON object"},
		{`[1]`, `{}`, "no JSON object"},
	} {
		err := compareSettings(test.stored, test.now)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s and %s: error %v, want %q", test.stored, test.now, err, test.want)
		}
	}
	if got := sorted(maps.Clone(map[string]string{"b": "2", "a": "1"})); !slices.Equal(got, [][2]string{{"a", "1"}, {"b", "2"}}) {
		t.Errorf("sorted: %v", got)
	}
}
