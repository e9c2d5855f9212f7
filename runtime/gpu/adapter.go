package gpu

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// AdapterType says what kind of hardware an adapter is.
type AdapterType string

// The adapter types, from the most to the least preferred.
const (
	Discrete   AdapterType = "discrete"
	Integrated AdapterType = "integrated"
	Virtual    AdapterType = "virtual"
	CPU        AdapterType = "cpu"
)

// Adapter describes one adapter of this machine, or the one of the browser.
type Adapter struct {
	Index   int         `json:"index"` // what Options.Device takes
	Name    string      `json:"name"`
	Vendor  string      `json:"vendor"`
	Backend string      `json:"backend"` // "vulkan", "metal", "dx12" or "webgpu"
	Type    AdapterType `json:"type"`
	Driver  string      `json:"driver"`
	Default bool        `json:"default"` // what "auto" chooses
	Limits  Limits      `json:"limits"`
	// Features are the ones of use here: "timestamp-query".
	Features []string `json:"features"`
	// UniformSpeed is how many times as fast as storage a CPU adapter reads uniform memory, as
	// Open measured it; 0 for others.
	UniformSpeed float64 `json:"uniform_speed,omitempty"`
}

const timestampFeature = "timestamp-query"

// Adapters lists the Vulkan, Metal and DX12 adapters, the most preferred first:
// discrete before integrated, virtual and cpu, and Vulkan or Metal before DX12.
// It returns ErrNoAdapter if there is none.
func Adapters(ctx context.Context) ([]Adapter, error) {
	found, release, err := candidates(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	list := make([]Adapter, len(found))
	for i, c := range found {
		list[i] = c.Adapter
	}
	return list, nil
}

// candidate is an adapter with the driver's handle of it.
type candidate struct {
	Adapter
	raw rawAdapter
}

func candidates(ctx context.Context) ([]candidate, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("gpu: adapters: %w", err)
	}
	found, release, err := enumerate(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("gpu: adapters: %w", err)
	}
	if len(found) == 0 {
		release()
		return nil, nil, fmt.Errorf("gpu: adapters: %w: no Vulkan, Metal, DX12 or browser WebGPU driver answered", ErrNoAdapter)
	}
	order(found)
	return found, release, nil
}

// order sorts by preference and numbers the adapters.
func order(found []candidate) {
	types := []AdapterType{Discrete, Integrated, Virtual, CPU}
	rank := func(c candidate) int {
		r := 2 * slices.Index(types, c.Type)
		if c.Backend == "dx12" {
			r++
		}
		return r
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return rank(a) - rank(b) })
	for i := range found {
		found[i].Index = i
		found[i].Default = i == 0
	}
}

// choose returns the candidate that Options.Device names.
func choose(found []candidate, device string) (candidate, error) {
	switch device {
	case "", "auto":
		return found[0], nil
	case "cpu":
		for _, c := range found {
			if c.Type == CPU {
				return c, nil
			}
		}
		return candidate{}, fmt.Errorf("%w: no CPU adapter among %s", ErrNoAdapter, names(found))
	}
	i, err := strconv.Atoi(device)
	if err != nil {
		return candidate{}, fmt.Errorf(`%w: device %q is not "auto", "cpu" or an index`, ErrNoAdapter, device)
	}
	if i < 0 || i >= len(found) {
		return candidate{}, fmt.Errorf("%w: device %d of %d: %s", ErrNoAdapter, i, len(found), names(found))
	}
	return found[i], nil
}

func names(found []candidate) string {
	var b strings.Builder
	for i, c := range found {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %q (%s, %s)", c.Index, c.Name, c.Type, c.Backend)
	}
	return b.String()
}

// classify corrects the type of software adapters, which drivers report as
// "cpu" and "virtual" without a difference.
func classify(t AdapterType, name string) AdapterType {
	software := false
	for _, s := range []string{"llvmpipe", "lavapipe", "swiftshader", "basic render", "warp"} {
		software = software || strings.Contains(strings.ToLower(name), s)
	}
	if software {
		return CPU
	}
	if t == CPU {
		return Virtual
	}
	return t
}
