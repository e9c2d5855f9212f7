package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSynth(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "parts")
	c := newCapture()
	if code := run(t.Context(), c.environment, strings.Fields("synth --classes 2 --train 1 --test 4 --size 64 --seed 5 --json -o "+dir)); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	var r struct {
		Output  string
		Images  int
		Seed    uint64
		Size    int
		Classes []struct {
			Name  string
			Train int
		}
		Seconds float64
	}
	if err := json.Unmarshal(c.out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Output != dir || r.Images != 10 || r.Seed != 5 || r.Size != 64 || len(r.Classes) != 2 || r.Classes[1].Name != "fabric" || r.Classes[1].Train != 1 || r.Seconds <= 0 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(filepath.Join(dir, "fabric", "ground_truth", "bent", "000_mask.png")); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		line string
		code int
		err  string
	}{
		{"synth", exitUsage, "synth needs -o DIR"},
		{"synth x -o " + dir, exitUsage, "wrong number of arguments"},
		{"synth -o " + dir, exitUsage, "folder is not empty (--force replaces"},
		{"synth --force --classes 99 -o " + dir, exitUsage, "99 classes, want 1 to"},
		{"synth --size 32 -o " + dir, exitUsage, "size 32 px, want 64 to 512"},
		{"synth --force --classes 1 --train 1 --test 0 --size 64 -o " + dir, exitDone, "1 images of 64 x 64 px, seed 0"},
	} {
		c := newCapture()
		if code := run(t.Context(), c.environment, strings.Fields(test.line)); code != test.code || !strings.Contains(c.err.String(), test.err) || c.out.Len() > 0 {
			t.Errorf("%s: exit code %d, stderr %q, stdout %q", test.line, code, c.err.String(), c.out.String())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "fabric")); err == nil {
		t.Error("--force left a class of the set before")
	}
}
