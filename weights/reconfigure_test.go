package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestReconfigure replaces the configuration of a file with every kind of chunk,
// in place, and compares every byte behind the header.
func TestReconfigure(t *testing.T) {
	name := filepath.Join(t.TempDir(), "model.drdc")
	before := fixture16K(t)
	if err := os.WriteFile(name, before, 0o666); err != nil {
		t.Fatal(err)
	}
	open := func(file string) *File {
		t.Helper()
		f, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	old := open(name)
	same, err := Reconfigure(t.Context(), name, name+"2", old.Config())
	if err != nil || same != old.Digest() {
		t.Errorf("an equal configuration gave digest %s (%v), want %s", same, err, old.Digest())
	}
	if copied, err := os.ReadFile(name + "2"); err != nil || !bytes.Equal(copied, before) {
		t.Errorf("an equal configuration gave other bytes (%v)", err)
	}
	digest, err := Reconfigure(t.Context(), name, name, json.RawMessage(`{"threshold": 0.25, "image_size": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	after := open(name)
	if digest != after.Digest() || digest == old.Digest() || string(after.Config()) != `{"image_size":64,"threshold":0.25}` {
		t.Errorf("digest %s of %s, configuration %s", digest, after.Digest(), after.Config())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data[after.base:], before[old.base:]) {
		t.Error("stored tensors changed")
	}
	if err := after.Verify(t.Context(), true, nil); err != nil {
		t.Error(err)
	}
	h := after.Header()
	if h.Provenance["note"] != old.Header().Provenance["note"] || len(h.Parts) != 2 {
		t.Errorf("provenance or parts changed: %+v", h.Meta)
	}

	for _, test := range []struct {
		name   string
		damage func(data []byte) []byte
		config string
		want   error
	}{
		{"damaged chunk", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, `{}`, ErrChecksum},
		{"cut off", func(b []byte) []byte { return b[:len(b)-1] }, `{}`, ErrTruncated},
		{"no object", func(b []byte) []byte { return b }, `[]`, ErrHeader},
		{"key twice", func(b []byte) []byte { return b }, `{"a":1,"a":2}`, ErrDuplicate},
	} {
		bad := test.damage(bytes.Clone(before))
		if err := os.WriteFile(name, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Reconfigure(t.Context(), name, name, json.RawMessage(test.config)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if left, err := os.ReadFile(name); err != nil || !bytes.Equal(left, bad) {
			t.Errorf("%s: the old file is gone (%v)", test.name, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(name), "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("temporary files: %v (%v)", left, err)
	}
}
