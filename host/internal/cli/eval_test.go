package cli

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// parts writes a data set for the fake detector: two classes of which one has
// defects, a bright line, with masks of three types.
func parts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"plate/test/good/0", "plate/test/good/1", "plate/test/good/2", "ring/test/good/0", "ring/test/good/1", "ring/train/good/0", "plate/train/good/0"} {
		photo(t, filepath.Join(dir, name+".png"), 110, uint8(112+i))
	}
	masks := []image.Image{
		image.NewGray(image.Rect(0, 0, 40, 30)),
		image.NewGray16(image.Rect(0, 0, 40, 30)),
		image.NewPaletted(image.Rect(0, 0, 40, 30), color.Palette{color.Black, color.White}),
	}
	for i, m := range masks {
		name := string(rune('0' + i))
		photo(t, filepath.Join(dir, "plate/test/line/"+name+".png"), 110, uint8(180+20*i))
		w, h := m.Bounds().Dx(), m.Bounds().Dy()
		for y := 15 * h / 30; y < 16*h/30; y++ {
			for x := 5 * w / 40; x < 35*w/40; x++ {
				m.(interface{ Set(x, y int, c color.Color) }).Set(x, y, color.White)
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, "plate/ground_truth/line/"+name+"_mask.png"), b.Bytes())
	}
	return dir
}

func put(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// figures is the JSON of eval as scripts read it.
type figures struct {
	Classes []struct {
		Name       string
		Images     int
		ImageAUROC *float64 `json:"image_auroc"`
		PixelAUROC *float64 `json:"pixel_auroc"`
		AUPRO      *float64 `json:"aupro"`
		Compat     *struct {
			AUPROGrid200 *float64 `json:"aupro_grid200"`
		}
	}
	Mean struct {
		ImageAUROC *float64 `json:"image_auroc"`
	}
	Model, Adapter, Rule string
	Seconds              float64
	Rules                []struct {
		Rule string
		Mean struct {
			PixelAUROC *float64 `json:"pixel_auroc"`
		}
	}
	Ablation []struct {
		Name  string
		Model bool `json:"model_conditioning"`
		Mean  struct {
			ImageAUROC *float64 `json:"image_auroc"`
		}
	}
	LeftOut []struct{ Path, Class, Error string } `json:"left_out"`
}

// evalJSON runs eval with --json and wants an exit code.
func evalJSON(t *testing.T, code int, args ...string) (f figures, errs string) {
	t.Helper()
	got, out, errs := drdc(t, append([]string{"eval", "--json"}, args...)...)
	if got != code {
		t.Fatalf("exit code %d, want %d: %s", got, code, errs)
	}
	if out != "" {
		if err := json.Unmarshal([]byte(out), &f); err != nil {
			t.Fatal(err)
		}
	}
	return f, errs
}

// TestEval measures with the fake detector, which finds every line.
func TestEval(t *testing.T) {
	fakeWorkers(t, workertest.Fault{})
	data, model := parts(t), modelFile(t, "null")
	f, _ := evalJSON(t, exitDone, "-m", model, "--data", data, "--compat")
	if len(f.Classes) != 2 || f.Model == "" || !strings.Contains(f.Adapter, "fake") || f.Rule != "paper" || !(f.Seconds > 0) || f.Rules != nil || f.LeftOut != nil {
		t.Fatalf("%+v", f)
	}
	plate, ring := f.Classes[0], f.Classes[1]
	if plate.Name != "plate" || plate.Images != 6 || *plate.ImageAUROC != 1 || *plate.PixelAUROC < 0.99 || *plate.AUPRO < 0.95 || !(*plate.Compat.AUPROGrid200 > 0) {
		t.Errorf("plate: %d images, image AUROC %v, pixel AUROC %v, AUPRO %v, %v", plate.Images, *plate.ImageAUROC, *plate.PixelAUROC, *plate.AUPRO, *plate.Compat.AUPROGrid200)
	}
	if ring.Images != 2 || ring.ImageAUROC != nil || ring.PixelAUROC != nil || ring.AUPRO != nil || *f.Mean.ImageAUROC != 1 {
		t.Errorf("a class of good images alone: %+v, mean %v", ring, *f.Mean.ImageAUROC)
	}
	f, _ = evalJSON(t, exitDone, "-m", model, "--data", data, "--limit", "2")
	if f.Classes[0].Images != 2 || f.Classes[1].Images != 2 || f.Classes[0].ImageAUROC == nil {
		t.Errorf("limited: %+v", f.Classes)
	}
	f, _ = evalJSON(t, exitDone, "-m", model, "--data", data, "--rule", "max", "--rule", "paper")
	if len(f.Rules) != 2 || f.Rules[0].Rule != "max" || f.Rules[1].Rule != "paper" || *f.Rules[1].Mean.PixelAUROC < 0.99 || f.Rule != "max" {
		t.Errorf("two rules: %+v", f.Rules)
	}
	f, _ = evalJSON(t, exitDone, "-m", model, "--data", data, "--ablation", "--limit", "2")
	if n := len(f.Ablation); n != 10 || f.Ablation[0].Name != "base alone" || f.Ablation[9].Name != "whole method" || !f.Ablation[9].Model || *f.Ablation[9].Mean.ImageAUROC != 1 {
		t.Errorf("ablation: %+v", f.Ablation)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	calibrated := modelFile(t, "0.05")
	_, note := evalJSON(t, exitDone, "-m", calibrated, "--data", data, "--html", page)
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(note, "open "+page) {
		t.Fatalf("%v: %s", err, note)
	}
	for _, want := range []string{"<title>Evaluation of ", `"name":"ring"`, `"threshold":0.05`, `"false_alarms":[{"path"`, `"defect":"line"`, "data:image/jpeg;base64,"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	_, _, errs := drdc(t, "eval", "-m", model, "--data", data, "--ablation", "--compat", "--limit", "2", "--bootstrap", "50")
	for _, want := range []string{"plate", "mean of ablation", "no fusion", "+ - +", "AUPRO of 200", "one trained model makes all rows", "plate: image AUROC within 100.0 to 100.0"} {
		if !strings.Contains(errs, want) {
			t.Errorf("the tables lack %q:\n%s", want, errs)
		}
	}
}

// TestEvalLeftOut breaks an image in the middle: the others count, it is named, and a
// later run with -o does only what is left.
func TestEvalLeftOut(t *testing.T) {
	fakeWorkers(t, workertest.Fault{})
	data, model, out := parts(t), modelFile(t, "null"), filepath.Join(t.TempDir(), "out")
	broken := filepath.Join(data, "plate/test/good/1.png")
	put(t, broken, []byte("\x89PNG\r\n\x1a\nno picture"))
	f, errs := evalJSON(t, exitSomeFailed, "-m", model, "--data", data, "-o", out)
	if len(f.LeftOut) != 1 || f.LeftOut[0].Path != filepath.ToSlash(broken) || f.LeftOut[0].Class != "plate" || f.LeftOut[0].Error == "" || f.Classes[0].Images != 5 {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(errs, "1 of 8 images could not be done and are in no figure") || !strings.Contains(errs, "plate/test/good/1.png") {
		t.Errorf("stderr %s", errs)
	}
	photo(t, broken, 99, 113)
	// A worker that dies of every image but the new one: the others are not done again.
	fakeWorkers(t, workertest.Fault{How: "error", Colour: 110})
	f, _ = evalJSON(t, exitDone, "-m", model, "--data", data, "-o", out)
	if f.LeftOut != nil || f.Classes[0].Images != 6 {
		t.Errorf("resumed: %+v", f)
	}
	f, errs = evalJSON(t, exitSomeFailed, "-m", model, "--data", data, "-o", out, "--fresh")
	if len(f.LeftOut) != 7 || f.Classes[0].Images != 1 || len(f.Classes) != 1 {
		t.Errorf("afresh: %+v: %s", f, errs)
	}
}

func TestEvalErrors(t *testing.T) {
	data, model := parts(t), modelFile(t, "null")
	empty := parts(t)
	if err := os.RemoveAll(filepath.Join(empty, "ring/test")); err != nil {
		t.Fatal(err)
	}
	badMask := parts(t)
	put(t, filepath.Join(badMask, "plate/ground_truth/line/1_mask.png"), []byte("no picture"))
	for _, test := range []struct {
		name  string
		fault workertest.Fault
		args  string
		code  int
		err   string
	}{
		{"no data", workertest.Fault{}, "-m " + model, exitUsage, "eval needs -m MODEL and --data DIR"},
		{"class without test images", workertest.Fault{}, "-m " + model + " --data " + empty, exitUsage, `class "ring": too few images: 0 test images`},
		{"unreadable mask", workertest.Fault{Open: "abort"}, "-m " + model + " --data " + badMask, exitUsage, "1_mask.png"},
		{"bootstrap", workertest.Fault{}, "-m " + model + " --bootstrap -1 --data " + data, exitUsage, "--bootstrap -1, want 0 to 1000000"},
		{"limit", workertest.Fault{}, "-m " + model + " --limit -1 --data " + data, exitUsage, "--limit -1"},
		{"no device", workertest.Fault{Open: "nodevice"}, "-m " + model + " --data " + data, exitNoDevice, "no usable device"},
		{"nothing done", workertest.Fault{How: "error", Colour: 110}, "-m " + model + " --data " + data, exitUsage, "none of the 8 images could be done"},
		{"ablation of one rule", workertest.Fault{}, "-m " + model + " --ablation --rule max --data " + data, exitUsage, "leave --rule out"},
		{"same rule twice", workertest.Fault{}, "-m " + model + " --rule max --rule max --data " + data, exitUsage, "there twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fakeWorkers(t, test.fault)
			code, _, errs := drdc(t, append([]string{"eval", "-q"}, strings.Fields(test.args)...)...)
			if code != test.code || !strings.Contains(errs, test.err) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", code, test.code, errs, test.err)
			}
		})
	}
}

func TestShortRule(t *testing.T) {
	for name, want := range map[string]string{
		"paper": "paper",
		"mine.wasm (sha256 05188fbe058f45d9813ef16446eb73a3aee9e120263c5043f1dcce5119c94d98)": "mine.wasm (sha256 05188fbe)",
		"a (sha256 1)": "a (sha256 1)",
	} {
		if got := shortRule(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
