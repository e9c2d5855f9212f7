package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
)

// CheckAll adds a Check of every value computed so far, in the order of the
// operations, named by path and operation: Exec.Finite then names the first that
// made a NaN or Inf. It is for finding the place, not for every replay.
func (g *Graph) CheckAll() {
	for i, n := range slices.Clone(g.nodes) {
		for j, v := range n.out {
			if g.values[v].Type == kernels.F32 {
				name := fmt.Sprintf("%s: %s (operation %d, output %d)", n.path, n.op.Name(), i+1, j)
				g.Check(strings.TrimPrefix(name, ": "), Value{v})
			}
		}
	}
}
