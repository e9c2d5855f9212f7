package learn

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/weights"
)

// killed is the lesson that runs in a process of its own, with a checkpoint after
// every step or so.
var killed = lesson{steps: 60, passes: 2, lr: 0.05}

// maxKills bounds how often it is killed; then it may end.
const maxKills = 8

// TestHelper is that process: DRDC_LEARN_KILL is its folder.
func TestHelper(t *testing.T) {
	dir := os.Getenv("DRDC_LEARN_KILL")
	if dir == "" {
		return
	}
	dev := open(t)
	o := options(dir)
	o.Every = time.Nanosecond
	_, err := os.Stat(FilesOf(o.Output).Checkpoint)
	o.Resume = err == nil
	l := killed
	l.slow = time.Millisecond
	if _, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{}); err != nil {
		t.Fatal(err)
	}
}

// TestKill kills a training with SIGKILL at random moments until it is done: the
// losses, the checkpoint and the model are those of a run without a kill, and no
// temporary file is left.
func TestKill(t *testing.T) {
	dev := open(t)
	straight, want := whole(t, dev, killed)
	dir := t.TempDir()
	o := options(dir)
	r := rand.New(rand.NewPCG(1, 2))
	kills, writing := 0, 0
	for done := false; !done; {
		helper := exec.Command(os.Args[0], "-test.run=^TestHelper$")
		helper.Env = append(os.Environ(), "DRDC_LEARN_KILL="+dir)
		var out strings.Builder
		helper.Stdout, helper.Stderr = &out, &out
		if err := helper.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- helper.Wait() }()
		// Not before a new step is on disk, or a slow machine would never get on.
		before, file := steps(o), FilesOf(o.Output).Checkpoint
		limit := time.Now().Add(2 * time.Minute)
		for wait := true; wait; {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatalf("helper: %v\n%s", err, out.String())
				}
				done, wait = true, false
			case <-time.After(time.Millisecond):
				if kills == maxKills {
					continue
				}
				_, err := os.Stat(file)
				wait = (err != nil || steps(o) <= before) && time.Now().Before(limit)
			}
		}
		if done {
			break
		}
		time.Sleep(time.Duration(r.IntN(60_000)) * time.Microsecond)
		if err := helper.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil && helper.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("helper: %v\n%s", err, out.String())
		}
		kills++
		left, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 0 {
			writing++
		}
		f, err := weights.Open(file)
		if err != nil {
			t.Fatalf("after kill %d: %v", kills, err)
		}
		if _, err := f.ReadAll(context.Background(), 1, nil); err != nil {
			t.Errorf("after kill %d: %v", kills, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("figure: %d kills of training, %d of them while a file was being written", kills, writing)
	if kills < maxKills {
		t.Errorf("%d kills, want %d", kills, maxKills)
	}
	if got := figures(t, o); !slices.Equal(got, want) {
		t.Errorf("losses %v, want %v", got, want)
	}
	a, b := FilesOf(o.Output), FilesOf(straight.Output)
	if read(t, a.Checkpoint) != read(t, b.Checkpoint) || read(t, a.Model) != read(t, b.Model) {
		t.Error("the checkpoint or the model differs")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 {
		t.Errorf("%d files in the folder, want 4: %v", len(entries), entries)
	}
}

// steps counts the lines of the losses.
func steps(o Options) int {
	data, err := os.ReadFile(FilesOf(o.Output).Losses)
	if err != nil {
		return 0
	}
	return strings.Count(string(data), "\n")
}

// TestFull trains on a file system of 192 KiB that fills up: the checkpoint before is
// untouched, training goes on, and when there is room again nothing is missing.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=192k"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	dev := open(t)
	l := lesson{steps: 12, passes: 1, lr: 0.05}
	straight, want := whole(t, dev, l)
	o := options(dir)
	files, filler := FilesOf(o.Output), filepath.Join(dir, "filler")
	now := time.Unix(0, 0)
	o.Now, o.Every = func() time.Time { return now }, 3*time.Second
	var before string
	l.after = func(step int) {
		now = now.Add(time.Second)
		switch step {
		case 4:
			before = read(t, files.Checkpoint)
			fill(t, filler)
		case 8:
			if read(t, files.Checkpoint) != before {
				t.Error("the full disk changed the checkpoint")
			}
			if err := os.Remove(filler); err != nil {
				t.Error(err)
			}
		}
	}
	v := &recorder{}
	if _, err := Run(context.Background(), dev, l.job(t, dev, o), o, v); err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(v.text); !strings.Contains(text, "no space left on device") || !strings.Contains(text, "training goes on") {
		t.Errorf("remarks %q", v.text)
	}
	if got := figures(t, o); !slices.Equal(got, want) {
		t.Errorf("losses %v, want %v", got, want)
	}
	if b := FilesOf(straight.Output); read(t, files.Checkpoint) != read(t, b.Checkpoint) || read(t, files.Model) != read(t, b.Model) {
		t.Error("the checkpoint or the model differs")
	}

	// Full at the end: the run fails, says what is left, and can go on.
	fill(t, filler)
	l.steps, l.after, o.Resume = 14, nil, true
	_, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{})
	if err == nil || !strings.Contains(err.Error(), "after step 14") || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "is untouched") {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if r, err := Run(context.Background(), dev, l.job(t, dev, o), o, &recorder{}); err != nil || r.Steps != 14 {
		t.Errorf("with room again: %+v, %v", r, err)
	}
	if got := figures(t, o); len(got) != 14 {
		t.Errorf("%d losses, want 14", len(got))
	}
}

// fill takes all the room that there is.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 512)
	for {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
