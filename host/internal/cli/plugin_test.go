package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPlugin(t *testing.T) {
	const rules = "../../../wasm/plugins/prebuilt/"
	for _, test := range []struct {
		line string
		code int
		err  string // part of stderr
	}{
		{"plugin check " + rules + "paper-c.wasm", exitDone, "passed: usable, the same again, compiled as interpreted"},
		{"plugin check --rule-param left=6 --rule-param top=2 " + rules + "border-mask-as.wasm", exitDone, "5 x 3 px, 3 refined maps and a base map: refused: the borders leave nothing"},
		{"plugin check --rule-param left=99 " + rules + "border-mask-as.wasm", exitUsage, "the rule refuses every image: the borders leave nothing"},
		{"plugin check --rule-param left " + rules + "border-mask-as.wasm", exitUsage, `--rule-param: abi: parameter "left" is not key=value`},
		{"plugin check ../../../testdata/attacks/plugins/hostile.wasm", exitUsage, "beyond the memory"},
		{"plugin info " + rules + "paper-go.wasm", exitDone, "and 10 of wasi_snapshot_preview1"},
		{"plugin info --plugin-sha256 00 " + rules + "paper-c.wasm", exitUsage, "another file than the one that was pinned"},
		{"plugin info plugin.go", exitUsage, "refused at byte 0: start of the file"},
		{"plugin info nowhere.wasm", exitUsage, "nowhere.wasm"},
		{"plugin bench --size 32 --maps 4 " + rules + "mean-c.wasm", exitDone, "32 x 32 px, 4 refined maps and a base map"},
		{"plugin bench --size 32 --maps 0 " + rules + "mean-c.wasm", exitDone, "times as long"},
		{"plugin bench --size 0 " + rules + "mean-c.wasm", exitUsage, "--size 0"},
		{"plugin chek " + rules + "paper-c.wasm", exitUsage, "did you mean check?"},
		{"plugin check", exitUsage, "usage: drdc plugin check|info|bench FILE.wasm"},
	} {
		t.Run(test.line, func(t *testing.T) {
			c := newCapture()
			code := run(t.Context(), c.environment, strings.Fields(test.line))
			if code != test.code || !strings.Contains(c.err.String(), test.err) || c.out.Len() > 0 {
				t.Errorf("exit code %d, want %d; stdout %q; stderr %q, want %q", code, test.code, c.out.String(), c.err.String(), test.err)
			}
		})
	}
}

func TestPluginJSON(t *testing.T) {
	c := newCapture()
	if code := run(t.Context(), c.environment, strings.Fields("plugin check --json ../../../wasm/plugins/prebuilt/cell-weights-rust.wasm")); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	var r pluginReport
	if err := json.Unmarshal(c.out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.SHA256) != 64 || r.ABI != 1 || r.Anatomy.Functions == 0 || len(r.Trials) != 4 || r.Trials[0].Numbers["weight.total"] != 8 {
		t.Errorf("got %+v", r)
	}
}
