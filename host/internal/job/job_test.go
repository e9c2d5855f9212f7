package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/journal"
	"github.com/drdc-dev/drdc/host/internal/outdir"
	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
)

// picture makes a PNG of its own for every seed: a plate with a spot. Its first
// pixel is red, which faults look for.
func picture(t testing.TB, seed int, red uint8) []byte {
	t.Helper()
	img, err := imgio.NewRGB(48, 40)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = uint8(100 + (i*7+seed*13)%31)
	}
	for y := range 8 {
		for x := range 5 {
			img.Pix[3*((10+y)*img.W+20+x)] = uint8(120 + seed*37%130)
		}
	}
	img.Pix[0] = red
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plain is the first red value of pictures that no fault looks for.
const plain = 110

// photos makes a folder of n pictures in two subfolders.
func photos(t testing.TB, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	for i := range n {
		put(t, filepath.Join(dir, []string{"good", "scratch"}[i%2], fmt.Sprintf("%03d.png", i)), picture(t, i, plain))
	}
	return dir
}

func put(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// config is a run of the fake detector.
func config(t testing.TB, fault workertest.Fault, out string, args ...string) Config {
	t.Helper()
	images, err := walk.Find(args, out)
	if err != nil {
		t.Fatal(err)
	}
	return fakeConfig(images, out, fault)
}

// mustRun runs and returns the summary.
func mustRun(t testing.TB, c Config) Summary {
	t.Helper()
	s, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// results reads results.jsonl.
func results(t testing.TB, out string) []result.Row {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(out, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []result.Row
	for line := range bytes.Lines(data) {
		var r result.Row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		rows = append(rows, r)
	}
	return rows
}

// contents reads every file of an output folder, but the lock, and leaves out
// what may differ between equal runs: the seconds, and the order and number of
// journal lines.
func contents(t testing.TB, out string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(out, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(out, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if strings.HasPrefix(rel, outdir.State) || rel == "results.csv" || rel == "index.html" {
			return nil
		}
		data, err := os.ReadFile(name)
		files[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := results(t, out)
	for i := range rows {
		rows[i].Seconds = 0
	}
	var b bytes.Buffer
	if err := result.JSONL(&b, rows); err != nil {
		t.Fatal(err)
	}
	files["results.jsonl"] = b.String()
	return files
}

// same compares two output folders.
func same(t testing.TB, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		} else if got[name] != want[name] {
			t.Errorf("%s differs", name)
			if name == "results.jsonl" {
				t.Logf("got\n%s\nwant\n%s", got[name], want[name])
			}
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is one too many", name)
		}
	}
}

// noTemporary looks for what a killed run may leave.
func noTemporary(t testing.TB, out string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(out, outdir.State, "tmp"))
	if !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
		t.Errorf("temporary files are left: %v %v", entries, err)
	}
}

func TestRun(t *testing.T) {
	in := photos(t, 7)
	out := filepath.Join(t.TempDir(), "out")
	c := config(t, workertest.Fault{}, out, in)
	var steps []int
	c.Progress = func(s Summary) { steps = append(steps, s.Done) }
	s := mustRun(t, c)
	if s.Total != 7 || s.Done != 7 || s.Kept != 0 || s.Failed != 0 || s.Anomalous == 0 || s.Anomalous == 7 || s.Adapter == "" {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(steps, []int{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("progress %v", steps)
	}
	rows := results(t, out)
	if len(rows) != 7 || !slices.IsSortedFunc(rows, func(a, b result.Row) int { return strings.Compare(a.Path, b.Path) }) {
		t.Fatalf("%d rows, or not sorted", len(rows))
	}
	for _, r := range rows {
		if r.Width != 48 || r.Height != 40 || r.Anomalous == nil || *r.Anomalous != (r.Score >= 0.05) || len(r.SHA256) != 64 || len(r.Files) != 4 {
			t.Errorf("%+v", r)
		}
		rel := strings.TrimSuffix(strings.TrimPrefix(r.Path, filepath.ToSlash(in)+"/"), ".png")
		for kind, want := range map[string]string{"heatmap": "heatmaps/" + rel + ".png", "overlay": "overlays/" + rel + ".png", "mask": "masks/" + rel + ".png", "raw": "raw/" + rel + ".npy"} {
			if r.Files[kind] != want {
				t.Errorf("%s of %s is %q, want %q", kind, r.Path, r.Files[kind], want)
			}
		}
	}
	heat, err := os.ReadFile(filepath.Join(out, rows[0].Files["heatmap"]))
	if err != nil {
		t.Fatal(err)
	}
	_, texts, err := imgio.DecodeHeatmap(heat, "heatmap", imgio.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, x := range texts {
		keys[x.Key] = x.Value
	}
	if keys["drdc:model"] != "d0" || !strings.Contains(keys["drdc:settings"], `"cells":[16]`) || keys[imgio.ScaleKey] == "" {
		t.Errorf("text chunks %v", keys)
	}
	page, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil || !bytes.Contains(page, []byte("data:image/jpeg;base64,")) || bytes.Contains(page, []byte("{{")) {
		t.Errorf("page of %d bytes: %v", len(page), err)
	}
	noTemporary(t, out)

	before := contents(t, out)
	again := mustRun(t, c)
	if again.Kept != 7 || again.Done != 0 || again.Anomalous != s.Anomalous {
		t.Errorf("again: %+v", again)
	}
	same(t, contents(t, out), before)
}

func TestResume(t *testing.T) {
	in, out := photos(t, 4), filepath.Join(t.TempDir(), "out")
	c := config(t, workertest.Fault{}, out, in)
	mustRun(t, c)
	want := contents(t, out)

	other := c
	other.Spec.Settings = json.RawMessage(`{"cells":[8]}`)
	if _, err := Run(t.Context(), other); !errors.Is(err, journal.ErrOtherRun) {
		t.Errorf("other settings: %v", err)
	}
	other = c
	other.Resume = false
	if _, err := Run(t.Context(), other); !errors.Is(err, ErrResults) {
		t.Errorf("no resume: %v", err)
	}
	other = c
	other.Spec.Digest = "d1"
	if _, err := Run(t.Context(), other); !errors.Is(err, journal.ErrOtherRun) {
		t.Errorf("other model: %v", err)
	}
	same(t, contents(t, out), want)

	changed := filepath.Join(in, "good", "000.png")
	put(t, changed, picture(t, 77, plain))
	if err := os.Chtimes(changed, time.Now(), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(out, "raw", "scratch", "001.npy")); err != nil {
		t.Fatal(err)
	}
	if s := mustRun(t, config(t, workertest.Fault{}, out, in)); s.Kept != 2 || s.Done != 2 {
		t.Errorf("one image changed, one file lost: %+v", s)
	}

	other.Fresh = true
	if s := mustRun(t, other); s.Done != 4 {
		t.Errorf("fresh: %+v", s)
	}
	if rows := results(t, out); len(rows) != 4 || rows[0].Model != "d1" {
		t.Errorf("fresh: %+v", rows)
	}
}

// TestFreshRemoves holds --fresh to the files of the old run.
func TestFreshRemoves(t *testing.T) {
	in, out := photos(t, 2), filepath.Join(t.TempDir(), "out")
	mustRun(t, config(t, workertest.Fault{}, out, in))
	put(t, filepath.Join(out, "heatmaps", "mine.png"), []byte("mine"))
	c := config(t, workertest.Fault{}, out, filepath.Join(in, "good"))
	c.Fresh = true
	mustRun(t, c)
	files := contents(t, out)
	if _, ok := files["heatmaps/mine.png"]; !ok {
		t.Error("a file of somebody else is gone")
	}
	if _, ok := files["heatmaps/scratch/001.png"]; ok {
		t.Error("a file of the old run is left")
	}
}

func TestFailures(t *testing.T) {
	in, out := photos(t, 3), filepath.Join(t.TempDir(), "out")
	outside := filepath.Join(t.TempDir(), "secret.png")
	put(t, outside, picture(t, 50, plain))
	put(t, filepath.Join(in, "broken.png"), []byte("\x89PNG\r\n\x1a\nno"))
	put(t, filepath.Join(in, "empty.jpg"), nil)
	for name, target := range map[string]string{"link.png": outside, "nowhere.png": "gone.png", "inside.png": filepath.Join("good", "000.png")} {
		if err := os.Symlink(target, filepath.Join(in, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(in, "folder.png"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(out, "heatmaps", "scratch"), []byte("a file where a folder is due"))

	s := mustRun(t, config(t, workertest.Fault{}, out, in))
	want := map[string]string{
		"broken.png": "corrupt file", "empty.jpg": "the file is empty", "link.png": "symbolic link out of the folder",
		"nowhere.png": "no such file", "scratch/001.png": "file exists",
		"inside.png": "", "good/000.png": "", "good/002.png": "",
	}
	if s.Done != 3 || s.Failed != 5 {
		t.Errorf("%+v", s)
	}
	rows := results(t, out)
	if len(rows) != len(want) {
		t.Errorf("%d rows, want %d", len(rows), len(want))
	}
	for _, r := range rows {
		rel := strings.TrimPrefix(r.Path, filepath.ToSlash(in)+"/")
		if e, ok := want[rel]; !ok || !strings.Contains(r.Error, e) || (e == "") != (r.Error == "") {
			t.Errorf("%s: error %q, want %q", rel, r.Error, e)
		}
		if strings.Contains(r.Error, outside) {
			t.Errorf("%s: error %q names a file elsewhere", rel, r.Error)
		}
	}
	noTemporary(t, out)

	// What was wrong is tried again; the rest is kept.
	if err := os.Remove(filepath.Join(out, "heatmaps", "scratch")); err != nil {
		t.Fatal(err)
	}
	if s := mustRun(t, config(t, workertest.Fault{}, out, in)); s.Kept != 3 || s.Done != 1 || s.Failed != 4 {
		t.Errorf("again: %+v", s)
	}
}

// TestAhead has a worker abort over an image that it looks ahead for, among images that
// are broken or cannot be opened: only those fail, and the others have the bytes of a
// run without them.
func TestAhead(t *testing.T) {
	const culprit = 200
	in, out, clean := photos(t, 6), filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "clean")
	mustRun(t, config(t, workertest.Fault{}, clean, in))
	want := contents(t, clean)
	put(t, filepath.Join(in, "good", "001.png"), picture(t, 9, culprit))
	put(t, filepath.Join(in, "good", "003.png"), []byte("\x89PNG\r\n\x1a\nno"))
	if err := os.Symlink("gone.png", filepath.Join(in, "good", "0025.png")); err != nil {
		t.Fatal(err)
	}
	crashes := 0
	c := config(t, workertest.Fault{Colour: culprit, How: "abort", Early: true, Step: 5 * time.Millisecond}, out, in)
	c.Note = func(text string, _ bool) {
		if strings.Contains(text, "starting it again") {
			crashes++
		}
	}
	// One crash while the image before is in hand, two of its own.
	if s := mustRun(t, c); s.Done != 6 || s.Failed != 3 || crashes != 3 {
		t.Errorf("%d crashes, %+v", crashes, s)
	}
	got := contents(t, out)
	for name := range want {
		if name != "results.jsonl" && got[name] != want[name] {
			t.Errorf("%s differs, or is missing", name)
		}
	}
	for _, r := range results(t, out) {
		failed := map[string]string{"good/001.png": "worker crashed", "good/003.png": "corrupt file", "good/0025.png": "no such file"}
		rel := strings.TrimPrefix(r.Path, filepath.ToSlash(in)+"/")
		if e := failed[rel]; !strings.Contains(r.Error, e) || (e == "") != (r.Error == "") {
			t.Errorf("%s: error %q, want %q", rel, r.Error, e)
		}
	}
	noTemporary(t, out)
}

func TestLock(t *testing.T) {
	in, out := photos(t, 2), filepath.Join(t.TempDir(), "out")
	dir, err := outdir.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = Run(t.Context(), config(t, workertest.Fault{}, out, in))
	if !errors.Is(err, outdir.ErrLocked) || time.Since(start) > time.Second {
		t.Errorf("second run: %v after %v", err, time.Since(start))
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	mustRun(t, config(t, workertest.Fault{}, out, in))
}

// TestStop ends the context in the middle, as a signal does.
func TestStop(t *testing.T) {
	in, out := photos(t, 5), filepath.Join(t.TempDir(), "out")
	for _, step := range []time.Duration{5 * time.Millisecond, 10 * time.Second} { // the image in hand can be finished, or not
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("why")
		c := config(t, workertest.Fault{Step: step}, out, in)
		var stopped time.Time
		stop := sync.OnceFunc(func() { stopped = time.Now(); cancel(why) })
		if step > time.Second {
			time.AfterFunc(500*time.Millisecond, stop)
		}
		c.Progress = func(s Summary) {
			if s.Done == 2 {
				stop()
			}
		}
		if _, err := Run(ctx, c); !errors.Is(err, why) {
			t.Fatalf("step %v: %v", step, err)
		}
		if d := time.Since(stopped); d > 2*time.Second {
			t.Errorf("step %v: stopped after %v", step, d)
		}
		page, err := os.ReadFile(filepath.Join(out, "index.html"))
		if err != nil || !bytes.Contains(page, []byte(`"missing":3`)) {
			t.Errorf("step %v: page does not say that 3 are missing: %v", step, err)
		}
	}
	if s := mustRun(t, config(t, workertest.Fault{}, out, in)); s.Kept != 2 || s.Done != 3 {
		t.Errorf("resumed: %+v", s)
	}
	clean := filepath.Join(t.TempDir(), "clean")
	mustRun(t, config(t, workertest.Fault{}, clean, in))
	same(t, contents(t, out), contents(t, clean))
}

// TestOrder runs the images in pieces and in two folders at once.
func TestOrder(t *testing.T) {
	in := photos(t, 6)
	clean := filepath.Join(t.TempDir(), "clean")
	mustRun(t, config(t, workertest.Fault{}, clean, in))
	want := contents(t, clean)
	done := make(chan string)
	for range 2 {
		out := filepath.Join(t.TempDir(), "out")
		go func() {
			defer func() { done <- out }()
			for _, c := range []Config{config(t, workertest.Fault{}, out, in), config(t, workertest.Fault{}, out, in)} {
				slices.Reverse(c.Images)
				c.Images = c.Images[:len(c.Images)/2]
				if _, err := Run(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
			if _, err := Run(t.Context(), config(t, workertest.Fault{}, out, in)); err != nil {
				t.Error(err)
			}
		}()
	}
	for range 2 {
		same(t, contents(t, <-done), want)
	}
}
