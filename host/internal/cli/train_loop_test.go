package cli

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/learn"
	"github.com/spf13/pflag"
)

// TestLossView shows steps on a terminal and elsewhere, by a clock of its own.
func TestLossView(t *testing.T) {
	show := func(terminal bool) string {
		c := newCapture()
		c.terminal = terminal
		now := time.Unix(0, 0)
		c.now = func() time.Time { return now }
		v := newLossView(c.environment)
		var all []learn.Record
		for i := range 100 {
			now = now.Add(500 * time.Millisecond)
			all = append(all, learn.Record{Step: i + 1, Epoch: float64(i+1) / 20, Loss: 1 / float64(i+1)})
			v.Step(learn.Progress{Record: all[i], Steps: 100, Rate: 8, Left: 50*time.Second - time.Duration(i+1)*500*time.Millisecond, History: all})
			if i == 49 {
				v.Note("saved")
			}
		}
		v.clear()
		return c.err.String()
	}
	plain := show(false)
	want := `step 20/100, epoch 1.0, loss 0.1799, 8 images/s, 40s left
step 40/100, epoch 2.0, loss 0.107, 8 images/s, 30s left
saved
step 60/100, epoch 3.0, loss 0.03502, 8 images/s, 20s left
step 80/100, epoch 4.0, loss 0.01941, 8 images/s, 10s left
step 100/100, epoch 5.0, loss 0.01376, 8 images/s, 0.0s left
`
	if plain != want {
		t.Errorf("plain lines:\n%s\nwant:\n%s", plain, want)
	}
	lines := strings.Split(show(true), "\n")
	if len(lines) != 4 || lines[1] != "saved" || lines[3] != "" {
		t.Fatalf("%d lines on the terminal: %q", len(lines), lines)
	}
	shown := strings.Split(lines[2], "\r")
	if last := shown[len(shown)-1]; last != "█▆▅▄▄▃▃▃▂▂▂▂▂▁▁▁▁▁ step 100/100, epoch 5.0, loss 0.01376, 8 images/s, 0.0s left" {
		t.Errorf("last line %q", last)
	}
	for _, line := range shown {
		if n := len([]rune(strings.TrimRight(line, " "))); n > 80 {
			t.Errorf("%d runes of 80: %q", n, line)
		}
	}
}

func TestSparkline(t *testing.T) {
	records := func(losses ...float64) (rs []learn.Record) {
		for _, l := range losses {
			rs = append(rs, learn.Record{Loss: l})
		}
		return rs
	}
	for want, losses := range map[string][]float64{
		"":         {},
		"▁":        {0.5},
		"▁▁▁":      {2, 2, 2},
		"█▅▁":      {100, 10, 1},
		"▁█":       {0, 1},
		"█▇▆▅▄▃▂▁": {128, 64, 32, 16, 8, 4, 2, 1},
	} {
		if got := sparkline(records(losses...), 8); got != want {
			t.Errorf("%v: %q, want %q", losses, got, want)
		}
	}
	if got := sparkline(records(4, 4, 2, 2, 1, 1), 3); got != "█▅▁" {
		t.Errorf("thinned: %q", got)
	}
}

// TestLoopPlan fills in what the flags leave open.
func TestLoopPlan(t *testing.T) {
	defaults := loopDefaults{epochs: 300, batch: 16, lr: 1e-4, clip: 1, schedule: "constant", average: true}
	for _, test := range []struct {
		args  string
		steps int
		ema   float64
		err   string
	}{
		{"", 1875, 0.999, ""},
		{"--epochs 3", 19, 0.999, ""},
		{"--steps 50000", 50000, 0.9999, ""},
		{"--steps 7 --ema 0 --clip 0", 7, 0, ""},
		{"--passes 4 --batch 2 --epochs 1", 13, 0.999, ""},
		{"--steps 3 --epochs 3", 0, 0, "exclude each other"},
		{"--steps -1", 0, 0, "--steps -1"},
		{"--batch -1", 0, 0, "--batch -1"},
		{"--passes 0", 0, 0, "--passes 0"},
		{"--minutes -1", 0, 0, "--minutes -1"},
		{"--minutes Inf", 0, 0, "--minutes +Inf"},
		{"--checkpoint-minutes NaN", 0, 0, "--checkpoint-minutes NaN"},
		{"--resume --fresh", 0, 0, "exclude each other"},
		{"--schedule linear", 0, 0, `"linear"`},
	} {
		var f loopFlags
		flags := pflag.NewFlagSet("train", pflag.ContinueOnError)
		f.declare(flags)
		if err := flags.Parse(strings.Fields(test.args)); err != nil {
			t.Fatal(err)
		}
		p, err := f.plan(defaults, 100, 1, "digest")
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q", test.args, err, test.err)
			}
			continue
		}
		if err != nil || p.steps != test.steps || p.options.EMA != test.ema {
			t.Errorf("%s: %+v, %v", test.args, p, err)
		}
	}
	for schedule, want := range map[string][3]float64{"constant": {1, 1, 1}, "step": {1, 1, 0.1}, "cosine": {1.0 / 6, 0.5, 0}} {
		var f loopFlags
		f.declare(pflag.NewFlagSet("train", pflag.ContinueOnError))
		f.steps, f.schedule = 105, schedule
		p, err := f.plan(defaults, 100, 1, "digest")
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range []int{0, 55, 105} {
			got := 1.0
			if p.options.Schedule != nil {
				got = p.options.Schedule(step)
			}
			if !(math.Abs(got-want[i]) <= 1e-9) {
				t.Errorf("%s at step %d: %g, want %g", schedule, step, got, want[i])
			}
		}
		if depends := p.settings.Steps != 0; depends != (schedule != "constant") {
			t.Errorf("%s: steps %d among the settings", schedule, p.settings.Steps)
		}
	}
}

func TestExplain(t *testing.T) {
	fresh, resumed := loopFlags{}, loopFlags{resume: true}
	for _, test := range []struct {
		f    loopFlags
		err  error
		want string
	}{
		{fresh, learn.ErrStopped, "the same command and --resume"},
		{fresh, learn.ErrCheckpoint, "--resume or --fresh"},
		{resumed, learn.ErrCheckpoint, "checkpoint"},
		{fresh, errors.New("other"), "other"},
	} {
		if err := test.f.explain(test.err); !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%v: %v, want the end %q", test.err, err, test.want)
		}
	}
}
