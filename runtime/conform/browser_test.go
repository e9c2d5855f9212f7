//go:build !js

package conform

import (
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/testdata/chromium"
)

// TestBrowser compiles the conformance suite for js/wasm and runs it in headless
// Chromium with WebGPU on SwiftShader, under WebGPU's default limits: every
// shader variant compiles there and gives the reference's numbers.
func TestBrowser(t *testing.T) {
	tab, end := chromium.Start(t.Context(), 10*time.Minute, chromium.WebGPU...)
	defer end()
	lines, err := chromium.Tests(tab, "-test.v -test.run=^TestConform$", "")
	if err != nil {
		t.Fatal(err)
	}
	operations := false
	for _, line := range lines {
		if strings.HasPrefix(line, "conform: ") {
			browserSummary = append(browserSummary, strings.Replace(line, "conform: ", "conform (browser): ", 1))
			operations = operations || strings.Contains(line, " operations, ")
		}
	}
	if !operations {
		t.Errorf("the suite did not run:\n%s", strings.Join(lines, "\n"))
	}
}
