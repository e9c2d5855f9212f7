package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

// Profile is where the time of one image went. The rows of a part sum to its seconds:
// what no kernel took is the row "host".
type Profile struct {
	Rows  []Row   `json:"rows"` // by part, the longest first
	Total float64 `json:"total"`
}

// Row is the time of one kernel in one part.
type Row struct {
	Part    string  `json:"part"`   // prepare, base, refine or fuse
	Kernel  string  `json:"kernel"` // shader with its settings, or "host"
	Count   int     `json:"count"`  // dispatches
	Seconds float64 `json:"seconds"`
}

// profiler collects the timings of one image; the nil profiler does nothing.
type profiler struct{ rows map[[2]string]Row }

func newProfiler() *profiler { return &profiler{map[[2]string]Row{}} }

func (p *profiler) reset() {
	if p != nil {
		clear(p.rows)
	}
}

// recorder returns what takes the timings of a graph, nil for the nil profiler.
func (p *profiler) recorder(part string) func([]gpu.Timing) {
	if p == nil {
		return nil
	}
	part = map[string]string{"base": "base", "refiner": "refine"}[part]
	return func(ts []gpu.Timing) {
		for _, t := range ts {
			// A label is "path: operation shader[settings]".
			key := [2]string{part, t.Label[strings.LastIndexByte(t.Label, ' ')+1:]}
			row := p.rows[key]
			p.rows[key] = Row{part, key[1], row.Count + 1, row.Seconds + t.Seconds}
		}
	}
}

func (p *profiler) result(s Seconds) *Profile {
	if p == nil {
		return nil
	}
	rows := slices.Collect(maps.Values(p.rows))
	order := map[string]int{}
	for i, part := range []struct {
		name    string
		seconds float64
	}{{"prepare", s.Prepare}, {"base", s.Base}, {"refine", s.Refine}, {"fuse", s.Fuse}} {
		order[part.name] = i
		host := part.seconds
		for _, r := range p.rows {
			if r.Part == part.name {
				host -= r.Seconds
			}
		}
		rows = append(rows, Row{Part: part.name, Kernel: "host", Seconds: host})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(order[a.Part], order[b.Part]), cmp.Compare(b.Seconds, a.Seconds), strings.Compare(a.Kernel, b.Kernel))
	})
	return &Profile{rows, s.Total}
}
