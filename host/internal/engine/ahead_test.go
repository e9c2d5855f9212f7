package engine

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/weights"
)

// queueing opens the detector of a spec on a device that images are queued for.
func queueing(t *testing.T, spec worker.Spec) *detector {
	t.Helper()
	file, err := weights.Open(spec.Model)
	if err != nil {
		t.Fatal(err)
	}
	m, err := detect.FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := &detector{close: func() error { return nil }}
	t.Cleanup(func() {
		for _, err := range []error{d.Close(), file.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	if d.device, err = gpu.Open(t.Context(), gpu.Options{}); err == nil {
		d.lineup, err = openLineup(t.Context(), d, m, spec, detect.Options{Queue: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAhead overlaps images, of several rules and passes and with a plugin: all maps are
// those of images that ran alone, and a plugin is told of the image that it is given.
func TestAhead(t *testing.T) {
	file := untrained(t, "{"+uniad+","+unet+infer)
	plan := func(flags string) worker.Spec {
		t.Helper()
		s, err := Plan(file, flagsOf(t, flags), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Device = "auto"
		return s
	}
	const plugin = "--rule ../../../wasm/plugins/prebuilt/mean-c.wasm"
	ablation, _, err := Ablate(plan(""))
	if err != nil {
		t.Fatal(err)
	}
	var images []*imgio.RGB
	for i := range 3 {
		img := picture(t)
		img.H -= i
		img.Pix = img.Pix[:3*img.W*img.H]
		slices.Reverse(img.Pix[:i*img.W])
		images = append(images, img)
	}
	for name, spec := range map[string]worker.Spec{"rule": plan(""), "plugin": plan(plugin), "rules": plan("--rule paper --rule base " + plugin), "ablation": ablation} {
		var beats atomic.Int32
		var notes []string
		alone, err := Open(t.Context(), spec, quiet(&beats, &notes))
		if err != nil {
			t.Fatal(err)
		}
		others := []worker.Detector{alone}
		if len(spec.Variants) > 0 {
			others = append(others, queueing(t, spec))
		}
		var want []worker.Result
		for _, img := range images {
			r, err := runImage(t.Context(), alone, img)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, r)
		}
		for _, d := range others {
			next := begin(t, d, images[0])
			for i := range images {
				this := next
				next = begin(t, d, images[(i+1)%len(images)])
				r, err := this.Result(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				same(t, name, worker.Fused{Heatmap: r.Heatmap, Score: r.Score}, want[i])
				for k, v := range r.Variants {
					same(t, spec.Variants[k].Name, v, worker.Result{Heatmap: want[i].Variants[k].Heatmap, Score: want[i].Variants[k].Score})
				}
				if r.Seconds <= 0 {
					t.Errorf("%s: %g s", name, r.Seconds)
				}
				if rule := d.(*detector).rule; strings.Contains(name, "plugin") && rule.about.SourceHeight != images[i].H {
					t.Errorf("image %d: the plugin was told of %+v", i, rule.about)
				}
			}
			next.Discard()
		}
		if err := alone.Close(); err != nil {
			t.Error(err)
		}
	}
}

// begin prepares an image and queues it where images are queued.
func begin(t *testing.T, d worker.Detector, img *imgio.RGB) worker.Detection {
	t.Helper()
	x, err := d.Prepare(img, [32]byte{1})
	if err == nil {
		err = x.Queue(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}
