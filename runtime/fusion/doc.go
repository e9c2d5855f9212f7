// Package fusion joins the maps of one image to a heatmap and a score (method 4.5,
// 4.6, Eq. 15 to 17).
//
// A Stack holds the maps: the base heatmap and the error map of every timestep, cell
// size and scale. A Rule makes a heatmap of it on the CPU: the same maps give the same
// bytes on every machine, and a plugin of the same arithmetic gives them too.
//
// A rule of one's own implements Rule; the folder has one file per built-in rule.
//
// The package imports nothing of the project.
//
//	rule, err := fusion.New("paper", fusion.Default())
//	fused, err := rule.Fuse(ctx, stack)
package fusion
