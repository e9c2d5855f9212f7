package detect

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/drdc-dev/drdc/weights"
)

// TestFromFile writes a model, opens the file and finds the same heatmap.
func TestFromFile(t *testing.T) {
	m := testModel(t, backboneSection, bankSection)
	config, err := json.Marshal(m.Config)
	if err != nil {
		t.Fatal(err)
	}
	var tensors []weights.Named
	add := func(prefix, name string) {
		data, shape, err := m.Store.Float32(context.Background(), prefix+name)
		if err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, weights.Named{Name: prefix + name, Shape: shape, Data: data})
	}
	for _, s := range m.Config.Backbone.Tensors() {
		add("backbone.", s.Name)
	}
	add("bank.", "features")
	var file bytes.Buffer
	meta := weights.Meta{Config: config, Parts: map[string]weights.Part{"backbone": {Arch: m.Config.Backbone.Arch}, "bank": {Arch: m.Config.Base.Arch}}}
	if _, err := weights.WriteTo(&file, meta, tensors); err != nil {
		t.Fatal(err)
	}
	f, err := weights.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	read, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if read.Digest != f.Digest() || read.Digest == "" {
		t.Errorf("digest %q, want %q", read.Digest, f.Digest())
	}
	dev := openDevice(t, 0)
	got, want := detect(t, open(t, dev, read, Options{}), 0), detect(t, open(t, dev, m, Options{}), 0)
	if !slices.Equal(got.Heatmap.Val, want.Heatmap.Val) || got.Score != want.Score {
		t.Error("the model from the file has another heatmap")
	}
}
