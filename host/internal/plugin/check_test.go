package plugin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
)

func TestCheck(t *testing.T) {
	for _, name := range []string{"paper-c", "paper-rust", "maximum-wat", "border-mask-as", "cell-weights-rust", "trimmed-mean-c", "mean-c"} {
		trials, err := plugin.Check(t.Context(), read(t, prebuilt, name), plugin.Options{}, plugin.RuleOptions{Config: fusion.Default()})
		if err != nil || len(trials) != 4 {
			t.Errorf("%s: %d trials, error %v", name, len(trials), err)
		}
	}
}

// TestCheckFinds lets Check look at rules that are wrong.
func TestCheckFinds(t *testing.T) {
	for _, test := range []struct {
		name, module string
		meanFilter   int // the behaviour of hostile.wat
		params       []abi.Param
		kind         error
		want         string
	}{
		{"state that a reset forgets", "hostile", 31, nil, plugin.ErrUnsteady, "compiled, 64 x 48 px, 8 refined maps and a base map: not the same again: the score was 1 and is 5"},
		{"a pixel left out", "hostile", leaveLastOut, nil, plugin.ErrOutput, "compiled, 64 x 48 px, 8 refined maps and a base map: plugin: finish: unusable output: pixel 3071"},
		{"no image taken", "border-mask-as", 21, []abi.Param{{Key: "left", Value: "99"}}, nil, "the rule refuses every image: the borders leave nothing"},
	} {
		c := fusion.Default()
		c.MeanFilter = test.meanFilter
		dir := prebuilt
		if test.module == "hostile" {
			dir = attacks
		}
		_, err := plugin.Check(t.Context(), read(t, dir, test.module), plugin.Options{}, plugin.RuleOptions{Config: c, Params: test.params})
		if err == nil || !strings.Contains(err.Error(), test.want) || test.kind != nil && !errors.Is(err, test.kind) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}
