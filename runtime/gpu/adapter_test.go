package gpu

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestAdapters(t *testing.T) {
	list, err := Adapters(context.Background())
	check(t, err)
	for i, a := range list {
		if a.Index != i || a.Default != (i == 0) {
			t.Errorf("adapter %d has index %d, default %v", i, a.Index, a.Default)
		}
		if a.Name == "" || !slices.Contains([]string{"vulkan", "metal", "dx12", "webgpu"}, a.Backend) {
			t.Errorf("adapter %d: name %q, backend %q", i, a.Name, a.Backend)
		}
		if a.Limits != a.Limits.atMost(a.Limits) || a.Limits.MaxStorageBinding < DefaultLimits().MaxStorageBinding {
			t.Errorf("adapter %d: limits %+v", i, a.Limits)
		}
	}
	text, err := json.Marshal(list[0])
	check(t, err)
	for _, key := range []string{"index", "name", "vendor", "backend", "type", "driver", "default", "limits", "features"} {
		if !strings.Contains(string(text), `"`+key+`":`) {
			t.Errorf("no %q in %s", key, text)
		}
	}
	t.Logf("%s", text)
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Open(ctx, Options{})
	wantError(t, err, context.Canceled)
}

func TestChoose(t *testing.T) {
	found := []candidate{
		{Adapter: Adapter{Name: "llvmpipe", Type: CPU, Backend: "vulkan"}},
		{Adapter: Adapter{Name: "card dx", Type: Discrete, Backend: "dx12"}},
		{Adapter: Adapter{Name: "shared", Type: Integrated, Backend: "vulkan"}},
		{Adapter: Adapter{Name: "card", Type: Discrete, Backend: "vulkan"}},
		{Adapter: Adapter{Name: "virtio", Type: Virtual, Backend: "vulkan"}},
	}
	order(found)
	cases := []struct {
		device, want string
	}{
		{"", "card"},
		{"auto", "card"},
		{"cpu", "llvmpipe"},
		{"0", "card"},
		{"1", "card dx"},
		{"2", "shared"},
		{"3", "virtio"},
		{"4", "llvmpipe"},
		{"5", ""},
		{"-1", ""},
		{"gpu", ""},
	}
	for _, c := range cases {
		t.Run(c.device, func(t *testing.T) {
			got, err := choose(found, c.device)
			if c.want == "" {
				wantError(t, err, ErrNoAdapter, strings.TrimPrefix(c.device, "-"))
				return
			}
			check(t, err)
			if got.Name != c.want || got.Default != (c.want == "card") {
				t.Errorf("chose %q, want %q", got.Name, c.want)
			}
		})
	}
	_, err := choose(found[:1], "cpu")
	wantError(t, err, ErrNoAdapter, `"card"`)
}

func TestClassify(t *testing.T) {
	cases := []struct {
		reported AdapterType
		name     string
		want     AdapterType
	}{
		{CPU, "llvmpipe (LLVM 15.0.6, 256 bits)", CPU},
		{CPU, "SwiftShader Device (Subzero)", CPU},
		{Integrated, "Microsoft Basic Render Driver", CPU},
		{CPU, "Virtio-GPU Venus", Virtual},
		{Discrete, "NVIDIA H200", Discrete},
		{Integrated, "Intel Iris Xe", Integrated},
	}
	for _, c := range cases {
		if got := classify(c.reported, c.name); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.reported, c.name, got, c.want)
		}
	}
}

func TestWarning(t *testing.T) {
	for _, c := range []struct {
		kind AdapterType
		want bool
	}{{CPU, true}, {Discrete, false}, {Integrated, false}, {Virtual, false}} {
		d := &Device{adapter: Adapter{Name: "a", Type: c.kind}}
		if got := d.Warning(); (got != "") != c.want {
			t.Errorf("%s: warning %q", c.kind, got)
		}
	}
}

func TestHuman(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1000: "1000 B", 1024: "1 KiB", 1 << 20: "1 MiB", 3 << 30: "3 GiB", 1<<20 + 4: "1048580 B (1.0 MiB)", 1536: "1536 B",
	} {
		if got := human(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
