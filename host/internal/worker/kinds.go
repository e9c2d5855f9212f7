package worker

import "slices"

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

// Makes lists the kinds that a spec asks for.
func (s Spec) Makes() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool {
		return !k.Preview && !slices.Contains(s.Save, k.Name) || k.Threshold && s.Threshold == nil
	})
}
