// Package fusion joins the maps of one image to a heatmap and a score (method 4.5,
// 4.6, Eq. 15 to 17).
//
// A Stack holds the maps: the base heatmap and the error map of every timestep, cell
// size and scale. A Rule makes a heatmap of it on the CPU. The built-in rules (New)
// also are a Builder: they add the same work to a graph, so that maps that are on a
// device stay there; both give the same numbers up to float32 rounding.
//
// A rule of one's own implements Rule; the folder has one file per built-in rule.
//
// The package may import kernels and runtime/graph.
//
//	rule, err := fusion.New("paper", fusion.Default())
//	fused, err := rule.Fuse(ctx, stack)
package fusion
