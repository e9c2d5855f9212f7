package worker

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// profile sums where the time of images went.
type profile struct {
	images int
	rows   map[[2]string]Time
}

// profileReport is what --profile writes; the rows sum to the seconds.
type profileReport struct {
	Adapter string  `json:"adapter"`
	Images  int     `json:"images"`
	Seconds float64 `json:"seconds"`
	Rows    []Time  `json:"rows"` // the longest first
}

func (p *profile) add(times ...Time) {
	if p.rows == nil {
		p.rows = map[[2]string]Time{}
	}
	for _, t := range times {
		key := [2]string{t.Part, t.Kernel}
		sum := p.rows[key]
		p.rows[key] = Time{t.Part, t.Kernel, sum.Count + t.Count, sum.Seconds + t.Seconds}
	}
}

// host adds the time of a part that no kernel works in.
func (p *profile) host(part string, took time.Duration) {
	p.add(Time{Part: part, Kernel: "host", Seconds: took.Seconds()})
}

func (p *profile) report(adapter string) ([]byte, error) {
	r := profileReport{Adapter: adapter, Images: p.images}
	r.Rows = slices.SortedFunc(maps.Values(p.rows), func(a, b Time) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Kernel, b.Kernel))
	})
	for _, t := range r.Rows {
		r.Seconds += t.Seconds
	}
	return json.MarshalIndent(r, "", "  ")
}
