package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

// TestDevices lists the adapters of this machine; there must be one.
func TestDevices(t *testing.T) {
	c := newCapture()
	if code := run(t.Context(), c.environment, []string{"devices", "--json"}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	var got struct {
		Adapters []map[string]any `json:"adapters"`
	}
	if err := json.Unmarshal(c.out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	defaults := 0
	for i, a := range got.Adapters {
		for _, key := range []string{"index", "name", "vendor", "backend", "type", "driver", "default", "limits", "features"} {
			if _, ok := a[key]; !ok {
				t.Errorf("adapter %d lacks %q", i, key)
			}
		}
		if len(a) != 9 {
			t.Errorf("adapter %d has %d keys, want 9", i, len(a))
		}
		if a["index"] != float64(i) {
			t.Errorf("adapter %d has index %v", i, a["index"])
		}
		if !slices.Contains([]any{"discrete", "integrated", "virtual", "cpu"}, a["type"]) {
			t.Errorf("adapter %d has type %v", i, a["type"])
		}
		if a["default"] == true {
			defaults++
		}
		if _, ok := a["features"].([]any); !ok {
			t.Errorf("adapter %d: features are %v, want a list", i, a["features"])
		}
	}
	if defaults != 1 {
		t.Errorf("%d adapters are the default, want 1", defaults)
	}
}

func TestReportDevices(t *testing.T) {
	two := []gpu.Adapter{
		{Index: 0, Name: "Big", Backend: "vulkan", Type: gpu.Discrete, Driver: "1.2", Default: true, Limits: gpu.DefaultLimits()},
		{Index: 1, Name: "Small", Backend: "vulkan", Type: gpu.CPU, Vendor: "Mesa"},
	}
	none := fmt.Errorf("gpu: adapters: %w", gpu.ErrNoAdapter)
	for _, test := range []struct {
		name          string
		json, verbose bool
		adapters      []gpu.Adapter
		none          error
		out           string   // part of stdout
		err           []string // parts of stderr
	}{
		{"table", false, false, two, nil, "", []string{"* 0", "discrete", "Big", "1.2", "128 MiB", "  1", "Small"}},
		{"verbose table", false, true, two, nil, "", []string{"vendor Mesa"}},
		{"json", true, false, two, nil, `"name": "Big"`, nil},
		{"none", false, false, nil, none, "", nil},
		{"none as json", true, false, nil, none, `"adapters": []`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCapture()
			c.json, c.verbose = test.json, test.verbose
			err := reportDevices(c.environment, test.adapters, test.none)
			if (err != nil) != (test.none != nil) {
				t.Fatal(err)
			}
			if err != nil && (!errors.Is(err, gpu.ErrNoAdapter) || exitCode(t.Context(), err) != exitNoDevice) {
				t.Errorf("error %v does not lead to exit code 4", err)
			}
			if out := c.out.String(); !strings.Contains(out, test.out) || test.out == "" && out != "" {
				t.Errorf("stdout %q, want %q", out, test.out)
			}
			for _, want := range test.err {
				if !strings.Contains(c.err.String(), want) {
					t.Errorf("stderr lacks %q:\n%s", want, c.err.String())
				}
			}
			if test.err == nil && c.err.Len() > 0 {
				t.Errorf("stderr %q, want none", c.err.String())
			}
		})
	}
}

func TestDriverAdvice(t *testing.T) {
	if got := driverAdvice("linux"); !strings.Contains(got, "apt-get install libvulkan1 mesa-vulkan-drivers") {
		t.Error(got)
	}
	for _, goos := range []string{"windows", "darwin"} {
		if strings.Contains(driverAdvice(goos), "apt-get") {
			t.Errorf("%s: %s", goos, driverAdvice(goos))
		}
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 1<<31 - 1: "2 GiB", 1 << 63: "8 EiB", 1<<64 - 1: "16 EiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
