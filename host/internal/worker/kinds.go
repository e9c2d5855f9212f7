package worker

import (
	"fmt"
	"slices"
)

// Kind is a kind of file made of a result.
type Kind struct {
	// Name is what --save takes and results call it.
	Name string
	// Folder below the output folder, and the ending of the files in it.
	Folder, Ending string
	// Preview marks the small pictures of the page, which are always made.
	Preview bool
	// Threshold says that the kind exists only with a threshold.
	Threshold bool
	// Variant numbers the variant of the spec whose raw map it is, from 1; else 0.
	Variant int
}

// Kinds lists all kinds of files.
func Kinds() []Kind {
	return []Kind{
		{Name: "heatmap", Folder: "heatmaps", Ending: ".png"},
		{Name: "overlay", Folder: "overlays", Ending: ".png"},
		{Name: "mask", Folder: "masks", Ending: ".png", Threshold: true},
		{Name: "raw", Folder: "raw", Ending: ".npy"},
		{Name: "image", Folder: "previews", Ending: ".image.jpg", Preview: true},
		{Name: "preview", Folder: "previews", Ending: ".overlay.jpg", Preview: true},
	}
}

// LongestEnding is the length of the longest ending, in bytes.
func LongestEnding() int {
	n := 0
	for _, k := range Kinds() {
		n = max(n, len(k.Ending))
	}
	return n
}

// Makes lists the kinds that a spec asks for, behind them those of its variants.
func (s Spec) Makes() []Kind {
	kinds := slices.DeleteFunc(Kinds(), func(k Kind) bool {
		return !k.Preview && !slices.Contains(s.Save, k.Name) || k.Threshold && s.Threshold == nil
	})
	for i := range s.Variants {
		kinds = append(kinds, variantKind(i))
	}
	return kinds
}

// variantKind is the raw map of variant number i.
func variantKind(i int) Kind {
	return Kind{Name: fmt.Sprintf("variant-%d", i+1), Folder: fmt.Sprintf("variants/%d", i+1), Ending: ".npy", Variant: i + 1}
}

// VariantFile is the kind of the raw map of variant number i, from 0, in the files
// of a result.
func VariantFile(i int) string { return variantKind(i).Name }
