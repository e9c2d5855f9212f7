package conform

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Summary writes a table of results: per operation the cases and random shapes
// that ran, the worst NMSE beside its bound, and the failures.
func Summary(w io.Writer, adapter string, results []Result) {
	type row struct {
		cases, random, failed int
		worst, share          float64
		bound                 float64
		at                    string
	}
	rows := map[string]*row{}
	seen := map[string]bool{}
	var names []string
	var total row
	for _, r := range results {
		t := rows[r.Op]
		if t == nil {
			t = &row{}
			rows[r.Op] = t
			names = append(names, r.Op)
		}
		if key := r.Op + "/" + r.Case; !seen[key] {
			seen[key] = true
			if r.Random {
				t.random++
				total.random++
			} else {
				t.cases++
				total.cases++
			}
		}
		if r.Err != nil {
			t.failed++
			total.failed++
		}
		if s := r.NMSE / r.Bound; t.at == "" || s > t.share {
			t.share, t.worst, t.bound, t.at = s, r.NMSE, r.Bound, r.Case+" ("+r.Tiles+" tiles)"
		}
	}
	slices.Sort(names)
	fmt.Fprintf(w, "conform: adapter %s\n", adapter)
	for _, n := range names {
		t := rows[n]
		fmt.Fprintf(w, "conform: %-12s %3d cases %3d random shapes, worst NMSE %8.2e of %.0e at %s%s\n",
			n, t.cases, t.random, t.worst, t.bound, t.at, failures(t.failed))
	}
	fmt.Fprintf(w, "conform: %d operations, %d cases, %d random shapes, %d runs%s\n",
		len(names), total.cases, total.random, len(results), failures(total.failed))
}

func failures(n int) string {
	if n == 0 {
		return ""
	}
	return strings.ToUpper(fmt.Sprintf(", %d failed", n))
}
