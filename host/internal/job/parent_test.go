package job

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/journal"
	"github.com/drdc-dev/drdc/host/internal/outdir"
	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// The long forms of tests, which `make prove` runs.
var (
	kills  = flag.Int("kills", 8, "how often the parent is killed")
	aborts = flag.Int("aborts", 8, "how many workers abort")
	many   = flag.Int("many", 120, "how many tiny images are run")
)

// parentVariable makes the test binary run a job in a process that can be killed.
const parentVariable = "DRDC_TEST_PARENT"

// parentJob is a job as text.
type parentJob struct {
	In, Out string
	Fault   workertest.Fault
}

func serveJobIfAsked() {
	text, asked := os.LookupEnv(parentVariable)
	if !asked {
		return
	}
	var p parentJob
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		panic(err)
	}
	images, err := walk.Find([]string{p.In}, p.Out)
	if err == nil {
		_, err = Run(context.Background(), fakeConfig(images, p.Out, p.Fault))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// fakeConfig is a run of the fake detector.
func fakeConfig(images []walk.Image, out string, fault workertest.Fault) Config {
	threshold := 0.05
	return Config{
		Title: "test", Images: images, Out: out, Resume: true, Start: workertest.Start(fault),
		Spec: worker.Spec{Model: "fake.drdc", Digest: "d0", Rule: "paper", Settings: json.RawMessage(`{"cells": [16], "note":"<&>"}`),
			Threshold: &threshold, Save: []string{"heatmap", "overlay", "mask", "raw"}},
		Note: func(string, bool) {}, Progress: func(Summary) {},
	}
}

// TestKill kills the parent at random moments and starts it again, until a run
// comes to its end.
func TestKill(t *testing.T) {
	const n = 50
	in, out, clean := photos(t, n), filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "clean")
	began := time.Now()
	mustRun(t, config(t, workertest.Fault{Step: time.Millisecond}, clean, in))
	whole := time.Since(began)
	text, err := json.Marshal(parentJob{in, out, workertest.Fault{Step: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, uint64(*kills)))
	var worst int
	for i := range *kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), parentVariable+"="+string(text))
		before := finished(t, out)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Long enough to begin, short enough that many kills fit into one run; a run
		// that has ended is started from nothing.
		time.Sleep(50*time.Millisecond + time.Duration(r.Int64N(int64(whole/4))))
		if err := cmd.Process.Kill(); err != nil {
			t.Logf("kill %d: %v", i, err)
		}
		ended := cmd.Wait()
		after := finished(t, out)
		for path := range before {
			if !after[path] {
				t.Fatalf("kill %d: the entry of %s is gone", i, path)
			}
		}
		// Files without an entry are work that is redone: of one image at most.
		redone := map[string]bool{}
		files, err := filepath.Glob(filepath.Join(out, "heatmaps", "*", "*.png"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			image := filepath.Join(in, filepath.Base(filepath.Dir(f)), filepath.Base(f))
			if !after[filepath.ToSlash(image)] {
				redone[image] = true
			}
		}
		worst = max(worst, len(redone))
		if len(redone) > 1 {
			t.Errorf("kill %d: %d images are done without an entry", i, len(redone))
		}
		if ended == nil || len(after) == n {
			mustRun(t, config(t, workertest.Fault{}, out, in))
			same(t, contents(t, out), contents(t, clean))
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
		}
	}
	mustRun(t, config(t, workertest.Fault{}, out, in))
	same(t, contents(t, out), contents(t, clean))
	noTemporary(t, out)
	data, err := os.ReadFile(filepath.Join(out, journal.Name))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Fields(strings.ReplaceAll(string(data), " ", "")); len(lines) != n {
		t.Errorf("%d journal lines, want %d", len(lines), n)
	}
	t.Logf("figure: %d kills of the parent: same results, at most %d image redone per kill (1); a whole run takes %v", *kills, worst, whole.Round(time.Millisecond))
}

// finished reads the journal's paths without taking the lock.
func finished(t *testing.T, out string) map[string]bool {
	t.Helper()
	done := map[string]bool{}
	if _, err := os.Stat(filepath.Join(out, journal.Name)); err != nil {
		return done
	}
	// The killed parent's worker may live for a moment; the lock is the parent's.
	dir, err := outdir.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	entries, err := journal.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		done[e.Path] = true
	}
	return done
}

// TestAborts lets workers abort at random steps.
func TestAborts(t *testing.T) {
	const n = 50
	in, out, clean := photos(t, n), filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "clean")
	began := time.Now()
	mustRun(t, config(t, workertest.Fault{}, clean, in))
	whole := time.Since(began)
	want := contents(t, clean)
	crashes, runs, spent := 0, 0, time.Duration(0)
	for crashes < *aborts {
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
		// 50 images of 10 steps: about four aborts in a run.
		c := config(t, workertest.Fault{Chance: 0.008}, out, in)
		c.Note = func(text string, _ bool) {
			if strings.Contains(text, "worker crashed") {
				crashes++
			}
		}
		began = time.Now()
		s := mustRun(t, c)
		spent += time.Since(began)
		runs++
		if s.Failed > 0 { // an image whose retry aborted too
			t.Logf("run %d: %d images aborted twice; run again", runs, s.Failed)
			mustRun(t, config(t, workertest.Fault{}, out, in))
		}
		same(t, contents(t, out), want)
	}
	lost := (spent - time.Duration(runs)*whole) / time.Duration(crashes)
	t.Logf("figure: %d aborts of the worker in %d runs: same results, %v lost per abort (2s)", crashes, runs, lost.Round(time.Millisecond))
	if lost > 2*time.Second {
		t.Errorf("%v lost per abort, limit 2s", lost)
	}
}

// TestMany runs many tiny images with names of every kind.
func TestMany(t *testing.T) {
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	odd := []string{"a b.png", "new\nline.png", "not\xffutf8.png", "sub\xfe/x.png", strings.Repeat("n", 251) + ".png",
		strings.Repeat("ä", 125) + ".png", "quote\".png", "<b>&amp;.png", "100%25.png", "CON.png", "dot..png", "a.png", "A.PNG", "a.jpg", "=1+2.png", "#?.png", "c:d.png"}
	for i, name := range odd {
		put(t, filepath.Join(in, name), picture(t, i, plain))
	}
	data := picture(t, 5, plain)
	for i := range *many - len(odd) {
		put(t, filepath.Join(in, fmt.Sprintf("%02d", i%37), fmt.Sprintf("%05d.png", i)), data)
	}
	began := time.Now()
	s := mustRun(t, config(t, workertest.Fault{}, out, in))
	if s.Done != *many || s.Failed != 0 {
		t.Fatalf("%+v", s)
	}
	rows := results(t, out)
	names, exact := map[string]bool{}, 0
	for _, r := range rows {
		names[r.Files["raw"]] = true
		if r.PathBase64 != nil {
			exact++
		}
		for _, f := range r.Files {
			if _, err := os.Stat(filepath.Join(out, filepath.FromSlash(f))); err != nil {
				t.Error(err)
			}
		}
	}
	if len(rows) != *many || len(names) != *many || exact != 2 {
		t.Errorf("%d rows, %d names, %d that are not UTF-8", len(rows), len(names), exact)
	}
	page, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), `<script type="application/json" id="data">`)
	text, _, _ := strings.Cut(rest, "</script>")
	if !json.Valid([]byte(text)) {
		t.Error("the page's data is not JSON")
	}
	t.Logf("figure: %d tiny images with names of every kind: all done, %v", *many, time.Since(began).Round(time.Millisecond))
}
