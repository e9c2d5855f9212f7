package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/weights"
)

// TestDemoFiles checks what is embedded: a sound, trained model of all parts, and
// pictures whose masks mark something.
func TestDemoFiles(t *testing.T) {
	out := t.TempDir()
	shown, err := unpackDemo(out)
	if err != nil {
		t.Fatal(err)
	}
	defects, classes := 0, map[string]bool{}
	for _, d := range shown {
		classes[d.class] = true
		if _, err := imgio.ReadFile(filepath.Join(out, "images", d.class, d.kind, d.name), imgio.DefaultLimits()); err != nil {
			t.Error(err)
		}
		truth, err := d.truth(64, 64)
		if err != nil {
			t.Error(err)
		}
		marked := 0
		for _, v := range truth {
			marked += int(v)
		}
		if (marked > 0) != (d.kind != "good") {
			t.Errorf("%s: %d pixels marked", d.embedded(), marked)
		}
		if d.kind != "good" {
			defects++
		}
	}
	if len(classes) != 3 || defects < 9 || len(shown)-defects < 6 {
		t.Errorf("%d classes, %d defective and %d good pictures", len(classes), defects, len(shown)-defects)
	}
	f, err := weights.Open(filepath.Join(out, "model.drdc"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Verify(context.Background(), true, nil); err != nil {
		t.Error(err)
	}
	h := f.Header()
	for _, part := range []string{"backbone", "bank", "refiner"} {
		if _, ok := h.Parts[part]; !ok {
			t.Errorf("the demo model has no %s", part)
		}
	}
	if h.Provenance["untrained"] != "" {
		t.Errorf("untrained parts: %s", h.Provenance["untrained"])
	}
	if info, err := os.Stat(filepath.Join(out, "model.drdc")); err != nil || info.Size() > 5<<20 {
		t.Errorf("model of %d bytes (%v), want at most 5 MiB", info.Size(), err)
	}
}

// TestDemoImagesAreADataSet keeps the folder readable for `drdc eval`.
func TestDemoImagesAreADataSet(t *testing.T) {
	set, err := dataset.Open("../../../testdata/demo/images")
	if err != nil {
		t.Fatal(err)
	}
	if samples, err := set.Test(); err != nil || len(samples) != 18 {
		t.Errorf("%d samples (%v), want 18", len(samples), err)
	}
}
