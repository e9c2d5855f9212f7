//go:build !js

package gpu

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUniformSpeed: what is measured of an adapter is kept in a file and taken from there, a
// file that is none is measured anew, and so is another machine's.
func TestUniformSpeed(t *testing.T) {
	dir := t.TempDir()
	for _, key := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} { // of Linux, macOS and Windows
		t.Setenv(key, dir)
	}
	name := SpeedFile()
	if !strings.HasPrefix(name, dir) {
		t.Fatalf("%s is not below %s", name, dir)
	}
	speed := func(o Options) float64 {
		t.Helper()
		forget()
		o.Device = "cpu"
		return open(t, o).Adapter().UniformSpeed
	}
	t.Cleanup(forget)
	plausible := func(when string, v float64) {
		t.Helper()
		if v < 0.05 || v > 200 {
			t.Errorf("%s: uniform memory %g times as fast as storage", when, v)
		}
	}
	plausible("first", speed(Options{}))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndex(string(text), `"uniform_speed": `)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	known := string(text[:at]) + `"uniform_speed": 1234}}`
	write(known)
	if v := speed(Options{}); v != 1234 {
		t.Errorf("%g, want the 1234 of the file", v)
	}
	plausible("measured anew", speed(Options{Measure: true}))
	for _, bad := range []string{"", "null", "[1]", strings.Replace(known, "1234", "-1", 1), strings.Replace(known, `"machine": "`, `"machine": "not `, 1)} {
		write(bad)
		plausible(bad, speed(Options{}))
	}
	if err := os.RemoveAll(filepath.Dir(name)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Dir(name), nil, 0o600); err != nil { // a folder that cannot be
		t.Fatal(err)
	}
	plausible("nowhere to keep it", speed(Options{}))
}

// forget is what another process knows.
func forget() {
	speeds.Lock()
	defer speeds.Unlock()
	speeds.known = nil
}
