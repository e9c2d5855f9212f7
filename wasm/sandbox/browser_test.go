//go:build !js

package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/testdata/chromium"
)

// TestBrowser runs the tests of rule_js_test.go in headless Chromium.
func TestBrowser(t *testing.T) {
	tab, end := chromium.Start(t.Context(), 5*time.Minute)
	defer end()
	lines, err := chromium.Tests(tab, "-test.v", `globalThis.Sandbox = (await import('./sandbox.js')).Sandbox;`,
		".", "../plugins/prebuilt", "../../testdata/attacks/plugins")
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(lines, "\n"); strings.Count(text, "--- PASS: ") != 3 {
		t.Errorf("other tests than three passed:\n%s", text)
	}
}
