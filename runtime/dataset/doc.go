// Package dataset finds the images of a data set and says what each is: its
// class, its half (train or test), good or which defect, and its mask.
//
// It owns: the folder layouts of MVTec AD, BTAD, VisA (raw with its split table,
// and converted) and plain folders of good parts, and reading a sample's picture
// and mask. The subpackage synth draws a data set of its own. It imports imgio
// and nothing else of this project.
//
// A folder is read as follows; classes take the names of their folders.
//
//	DIR/split_csv/1cls.csv                          VisA, raw
//	DIR/{train/good,test/...,ground_truth/...}      one class as in MVTec, or VisA converted
//	DIR/{train/ok,test/{ok,ko},ground_truth/ko}     one class of BTAD
//	DIR/*.png                                       one class of good parts, subfolders included
//	DIR/CLASS/...                                   several classes, each as above
//
// Pictures are files that end in png, jpg, jpeg, bmp, tif, tiff or webp; names
// that start with a dot are passed over. A mask belongs to the test picture of
// the same stem, with or without "_mask", under ground_truth/DEFECT; its own
// ending may differ. A class without ground_truth has no pixel truth; a class
// with one must have a mask for every defective picture.
//
// Masks are stretched to the size of the heatmap, as pictures are. A mask of
// another size than its picture belongs to another picture: it is an error.
//
//	set, err := dataset.Open("data/mvtec")
//	train, err := set.Train()
//	for _, s := range train {
//		img, err := s.Load(imgio.DefaultLimits())
//	}
package dataset
