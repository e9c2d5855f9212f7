package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/result"
)

// TestDetectPlugin runs the demo model on one picture with the paper's rule, once
// built in and once as a plugin in a worker: heatmap and score have the same
// bytes, and the number that the plugin names is in the results.
func TestDetectPlugin(t *testing.T) {
	const demo, plugins = "../../../testdata/demo", "../../../wasm/plugins/prebuilt"
	detect := func(rule, flag string) (row result.Row, out string) {
		t.Helper()
		out = t.TempDir()
		c := newCapture()
		args := []string{"detect", "--quiet", "-m", filepath.Join(demo, "model.drdc"), "-o", out, "--timesteps", "100:50", "--save", "raw",
			"--rule", rule, flag, filepath.Join(demo, "images/bolt/test/cut")}
		if code := run(t.Context(), c.environment, args); code != exitDone {
			t.Fatalf("%s: exit code %d: %s", rule, code, c.err.String())
		}
		if err := json.Unmarshal(readFile(t, out, "results.jsonl"), &row); err != nil {
			t.Fatal(err)
		}
		return row, out
	}
	builtin, want := detect("paper", "--no-worker")
	// Half the weight for the only cell size is the same mean, to the bit.
	row, got := detect(filepath.Join(plugins, "cell-weights-rust.wasm"), "--rule-param=cell8=0.5")
	if row.Score != builtin.Score || row.Score == 0 {
		t.Errorf("score %v by the plugin, %v built in", row.Score, builtin.Score)
	}
	if !bytes.Equal(readFile(t, got, row.Files["raw"]), readFile(t, want, builtin.Files["raw"])) {
		t.Error("the plugin's heatmap has other bytes")
	}

	// Two timesteps, four scales.
	if v, ok := row.Numbers["weight.total"]; !ok || v != 4 || len(row.Numbers) != 1 {
		t.Errorf("numbers %v, want weight.total of 4", row.Numbers)
	}
	if builtin.Numbers != nil {
		t.Errorf("numbers of a built-in rule: %v", builtin.Numbers)
	}
	if !strings.HasPrefix(row.Rule, "cell-weights-rust.wasm (sha256 ") {
		t.Errorf("rule %q", row.Rule)
	}
	table, err := csv.NewReader(bytes.NewReader(readFile(t, got, "results.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if last := len(table[0]) - 1; table[0][last] != "numbers" || table[1][last] != "weight.total=4" {
		t.Errorf("results.csv ends in %q of %q", table[1][last], table[0][last])
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
