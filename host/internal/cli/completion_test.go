package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCandidates(t *testing.T) {
	for _, test := range []struct {
		before, current string
		want            []string
	}{
		{"", "ver", []string{"version"}},
		{"", "nonsense", nil},
		{"", "--se", []string{"--seed"}},
		{"", "--dev", []string{"--device"}},
		{"--device", "", []string{"auto", "cpu", "reference"}},
		{"--device cpu", "ver", []string{"version"}},
		{"version --device", "c", []string{"cpu"}},
		{"version", "--j", []string{"--json"}},
		{"version", "--he", []string{"--help"}},
		{"version", "--see", nil}, // version makes no use of it
		{"version", "", nil},
		{"version --profile", "", nil}, // a file
		{"completion", "", []string{"bash", "fish", "powershell", "zsh"}},
		{"completion bash", "", nil},
		{"completion", "--cur", nil}, // hidden
		{"help", "exit", []string{"exit-codes"}},
		{"--json help", "exit", []string{"exit-codes"}},
		{"nonsense", "", nil},
		{"--nonsense", "", nil},
	} {
		if got := candidates(strings.Fields(test.before), test.current); !slices.Equal(got, test.want) {
			t.Errorf("%q, then %q: got %q, want %q", test.before, test.current, got, test.want)
		}
	}
}

// TestBashCompletion runs the script in bash, with this test in place of drdc.
func TestBashCompletion(t *testing.T) {
	if args := os.Getenv("DRDC_TEST_COMPLETION"); args != "" {
		c := newCapture()
		run(t.Context(), c.environment, strings.Split(args, "\n"))
		if err := os.WriteFile(os.Getenv("DRDC_TEST_OUTPUT"), c.out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(t.TempDir(), "output")
	for _, test := range []struct{ words, want string }{
		{`drdc ver`, "version\n"},
		{`drdc --device ""`, "auto\ncpu\nreference\n"},
		{`drdc completion p`, "powershell\n"},
		{`drdc help exit-c`, "exit-codes\n"},
		{`drdc version ""`, "\n"},
	} {
		cmd := exec.Command(bash, "-c", `
			drdc() {
				DRDC_TEST_COMPLETION=$(printf '%s\n' "$@") DRDC_TEST_OUTPUT="$OUTPUT" "$SELF" -test.run='^TestBashCompletion$' >/dev/null
				cat "$OUTPUT"
			}
			eval "$SCRIPT"
			COMP_WORDS=(`+test.words+`)
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			_drdc
			printf '%s\n' "${COMPREPLY[@]}"`)
		cmd.Env = append(os.Environ(), "SELF="+self, "OUTPUT="+output, "SCRIPT="+scripts()["bash"])
		got, err := cmd.CombinedOutput()
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %q (%v), want %q", test.words, got, err, test.want)
		}
	}
}
