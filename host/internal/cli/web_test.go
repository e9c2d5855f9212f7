package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/web"
)

// TestWeb: what is wrong is said before anything is served.
func TestWeb(t *testing.T) {
	_, err := web.Program()
	built := err == nil
	if !built && !errors.Is(err, web.ErrNoProgram) {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		want string
	}{
		{"web --addr nonsense", `--addr "nonsense": want HOST:PORT`},
		{"web --addr 127.0.0.1:0 -m nowhere.drdc", map[bool]string{true: "nowhere.drdc", false: "make build"}[built]},
		{"web extra", "wrong number of arguments"},
	} {
		c := newCapture()
		if code := run(t.Context(), c.environment, strings.Fields(test.args)); code != exitUsage || !strings.Contains(c.err.String(), test.want) {
			t.Errorf("%s: exit code %d, %q, want %q", test.args, code, c.err.String(), test.want)
		}
	}
}
