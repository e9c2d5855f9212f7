package plugin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
)

// TestReadme builds the Go rule of wasm/plugins/README.md in an empty folder, by the commands there, and checks it.
func TestReadme(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "wasm/plugins/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Ten minutes, in Go\n")
	section, _, _ = strings.Cut(section, "\n## ")
	before, after, _ := strings.Cut(section, "```go\n")
	source, after, ok := strings.Cut(after, "```\n")
	if !ok {
		t.Fatal("no Go code in the section about Go")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(before + after) {
		command, ok := strings.CutPrefix(line, "    ")
		if !ok {
			continue
		}
		run := exec.Command("sh", "-c", command)
		run.Dir = dir
		run.Env = append(os.Environ(), "DRDC="+root)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s%v: %s", command, err, out)
		}
		ran++
	}
	if ran != 3 {
		t.Errorf("%d commands in the section, want 3", ran)
	}
	trials, err := plugin.Check(t.Context(), read(t, dir, "rule"), plugin.Options{}, plugin.RuleOptions{Config: fusion.Default()})
	if err != nil {
		t.Fatal(err)
	}
	if got := trials[0].Numbers["finest.cell"]; got != 8 {
		t.Errorf("finest.cell %v, want 8", got)
	}
}
