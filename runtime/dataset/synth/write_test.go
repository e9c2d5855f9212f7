package synth_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/dataset/synth"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

func small() synth.Options {
	o := synth.DefaultOptions()
	o.Classes, o.Train, o.Test, o.Size, o.Seed = 2, 2, 5, synth.MinSize, 9
	return o
}

// TestWrite reads what was written, as any other data set.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "set")
	last := 0
	s, err := synth.Write(t.Context(), dir, small(), func(done, total int) {
		if done != last+1 || total != 14 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Images() != 14 || last != 14 || len(s.Classes) != 2 || s.Classes[0].Name != "bolt" || s.Classes[0].Good != 2 || s.Classes[0].Damage["cut"] != 1 {
		t.Errorf("%d images after %d steps: %+v", s.Images(), last, s)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Classes {
		if c.Layout != dataset.MVTec || c.Count(dataset.Train, false) != 2 || c.Count(dataset.Test, false) != 2 || c.Count(dataset.Test, true) != 3 || len(c.Notes) > 0 {
			t.Errorf("%s, notes %v", c, c.Notes)
		}
	}
	test, err := set.Test()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range test {
		img, err := v.Load(imgio.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		truth, err := v.Truth(img.W, img.H, imgio.DefaultLimits())
		if err != nil || truth.Empty || truth.Labels == nil || img.W != synth.MinSize {
			t.Errorf("%s: %d px, truth %v, %v", v.Path, img.W, truth.Labels != nil, err)
		}
		if v.Anomalous {
			_, mask, err := synth.Draw(v.Class, "test", v.Defect, 0, synth.MinSize, 9)
			if err != nil || !bytes.Equal(mask, truth.Labels) {
				t.Errorf("%s: the mask is not the one drawn (%v)", v.Path, err)
			}
		}
	}
}

// TestWriteAgain checks what may stand in the folder before, and that pictures do
// not depend on how many there are.
func TestWriteAgain(t *testing.T) {
	dir := t.TempDir()
	o := small()
	o.Classes, o.Test = 1, 0
	write := func() error {
		_, err := synth.Write(t.Context(), dir, o, nil)
		return err
	}
	if err := write(); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(dir, "bolt", "train", "good", "000.png")
	before, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(); !errors.Is(err, synth.ErrNotEmpty) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second time: %v", err)
	}
	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	o.Replace, o.Train = true, 1
	if err := write(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(first)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("picture 0 of 1 is not picture 0 of 2 (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "bolt", "train", "good", "001.png")); err == nil {
		t.Error("a picture of the set before is left")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Errorf("a file that is not ours was removed: %v", err)
	}
	for name, record := range map[string]string{"damaged": "{", "leads out": `{"classes":[{"name":"../x"}]}`, "absent": ""} {
		path := filepath.Join(dir, "synth.json")
		if err := os.WriteFile(path, []byte(record), 0o666); err != nil {
			t.Fatal(err)
		}
		if record == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(); !errors.Is(err, synth.ErrNotEmpty) {
			t.Errorf("record %s: %v", name, err)
		}
		if _, err := os.Stat(first); err != nil {
			t.Errorf("record %s: pictures were removed: %v", name, err)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	_, err := synth.Write(ctx, dir, small(), func(done, _ int) {
		if done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "of 14 pictures written") {
		t.Errorf("stopped: %v", err)
	}
	o := small()
	o.Replace = true
	if _, err := synth.Write(t.Context(), dir, o, nil); err != nil {
		t.Errorf("a set that was stopped cannot be replaced: %v", err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := synth.Write(t.Context(), file, small(), nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in place of the folder: %v", err)
	}
	for _, change := range []func(*synth.Options){
		func(o *synth.Options) { o.Classes = 0 }, func(o *synth.Options) { o.Classes = 99 }, func(o *synth.Options) { o.Train = -1 },
		func(o *synth.Options) { o.Test = 10001 }, func(o *synth.Options) { o.Train, o.Test = 0, 0 }, func(o *synth.Options) { o.Size = 1000 },
	} {
		o := small()
		change(&o)
		if _, err := synth.Write(t.Context(), t.TempDir(), o, nil); !errors.Is(err, synth.ErrOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
