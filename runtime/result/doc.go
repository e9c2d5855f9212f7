// Package result owns what is kept of an image: the row of results.jsonl, the
// settings that stand in it, and the files with its maps. The command line and the
// page in the browser write the same.
//
// It may import runtime/{imgio,model}.
//
//	p, err := result.NewPictures(result.About{Model: digest, Rule: "paper", Settings: settings}, img, file, heatmap, score)
//	png, err := p.Encode("heatmap")
package result
