package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/spf13/pflag"
)

// TestRuleParams follows --rule-param into the settings, which results and the
// journal's identity hold.
func TestRuleParams(t *testing.T) {
	const model, rule = "../../../testdata/demo/model.drdc", "../../../wasm/plugins/prebuilt/border-mask-as.wasm"
	for _, test := range []struct {
		name string
		args []string
		err  string
	}{
		{"for a plugin", []string{"--rule", rule, "--rule-param", "left=12", "--rule-param", "top=3"}, ""},
		{"for a built-in rule", []string{"--rule", "paper", "--rule-param", "left=12"}, `rule "paper" is no plugin`},
		{"no value", []string{"--rule", rule, "--rule-param", "left"}, "--rule-param"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := pflag.NewFlagSet("test", pflag.ContinueOnError)
			f := DeclareFlags(set)
			if err := set.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			spec, err := Plan(model, f, nil)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var s result.Settings
			if err := json.Unmarshal(spec.Settings, &s); err != nil {
				t.Fatal(err)
			}
			if strings.Join(s.RuleParams, " ") != "left=12 top=3" || spec.Plugin == nil {
				t.Errorf("settings %s, plugin %v", spec.Settings, spec.Plugin)
			}
		})
	}
}
