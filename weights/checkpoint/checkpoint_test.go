package checkpoint

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/drdc-dev/drdc/weights/torch"
)

const golden = "../../testdata/golden/torch"

// TestGolden loads the checkpoints that testdata/golden/torch/gen.py writes with PyTorch (seed 20240701) and compares every name,
// type, shape and byte. Order is part of it but for safetensors, whose order is that of the bytes.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(golden, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string][]struct {
		Name, DType, Data string
		Shape             []int
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	formats := map[string]Format{
		"flat.zip.pt": TorchZip, "flat.legacy.pt": TorchLegacy, "nested.zip.pt": TorchZip, "nested.legacy.pt": TorchLegacy,
		"protocol4.zip.pt": TorchZip, "easydict.zip.pt": TorchZip, "old.legacy.pt": TorchLegacy, "flat.safetensors": Safetensors,
	}
	if len(expected) != len(formats) {
		t.Fatalf("%d goldens, want %d", len(expected), len(formats))
	}
	for file, want := range expected {
		c, err := Load(filepath.Join(golden, file))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if c.Format != formats[file] || c.Name != file || len(c.Arrays) != len(want) {
			t.Errorf("%s: format %s, name %s, %d arrays of %d", file, c.Format, c.Name, len(c.Arrays), len(want))
			continue
		}
		for i, w := range want {
			a := c.Arrays[i]
			if file == "flat.safetensors" {
				for _, b := range c.Arrays {
					if b.Name == w.Name {
						a = b
					}
				}
			}
			if a.Name != w.Name || string(a.DType) != w.DType || !slices.Equal(a.Shape, w.Shape) || hex.EncodeToString(a.Data) != w.Data {
				t.Errorf("%s: array %d is %s %s %v %x, want %v", file, i, a.Name, a.DType, a.Shape, a.Data, w)
			}
			if _, err := a.Float32(); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("GIF89a, or whatever"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want error
	}{
		{filepath.Join(golden, "module.pt"), torch.ErrNoState},
		{filepath.Join(golden, "expected.json"), ErrUnknown},
		{other, ErrUnknown},
		{"does-not-exist", os.ErrNotExist},
	} {
		if _, err := Load(c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.path, err, c.want)
		}
	}
}

// TestRealFiles reads published files when they lie beside the project.
func TestRealFiles(t *testing.T) {
	for _, c := range []struct {
		path  string
		n     int
		first string
		value float32
	}{
		{"../../../shared/fixtures/resnet20-12fca82f.th", 97, "module.conv1.weight", -0.13818146},
		{"../../../shared/fixtures/lpips_vgg.pth", 5, "lin0.model.1.weight", 0.05011166},
		{"../../../shared/weights/mobilenet_v2_imagenet.safetensors", 106, "", 0},
	} {
		if _, err := os.Stat(c.path); err != nil {
			t.Logf("not run, %s is absent", c.path)
			continue
		}
		ck, err := Load(c.path)
		if err != nil || len(ck.Arrays) != c.n {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if c.first == "" {
			continue
		}
		v, err := ck.Arrays[0].Float32()
		if err != nil || ck.Arrays[0].Name != c.first || v[0] != c.value {
			t.Errorf("%s: begins with %s %v (%v)", c.path, ck.Arrays[0].Name, v[0], err)
		}
	}
}
