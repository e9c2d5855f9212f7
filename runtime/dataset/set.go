package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// Layout is the way a class lies on disk.
type Layout string

// The layouts that [Open] tells apart.
const (
	MVTec  Layout = "mvtec" // also VisA converted
	BTAD   Layout = "btad"
	VisA   Layout = "visa" // raw, with its split table
	Folder Layout = "folder"
)

// Split is the half of a data set.
type Split string

// The halves.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Sample is one picture.
type Sample struct {
	Class     string
	Path      string // of the picture
	Split     Split
	Anomalous bool
	Defect    string // the kind, for anomalous ones
	Mask      string // path of the mask; empty when there is none
}

// Class is the samples of one product.
type Class struct {
	Name   string
	Root   string // its folder
	Layout Layout
	// Samples are sorted: train before test, good before defects, then by path.
	Samples []Sample
	// Notes are remarks for the user, such as masks without a picture.
	Notes []string
}

// Count returns how many samples are in a half and good or anomalous.
func (c *Class) Count(split Split, anomalous bool) int {
	n := 0
	for _, s := range c.Samples {
		if s.Split == split && s.Anomalous == anomalous {
			n++
		}
	}
	return n
}

// String describes the class in a line.
func (c *Class) String() string {
	return fmt.Sprintf("%s (%s): %d train, %d good and %d defective test images", c.Name, c.Layout,
		c.Count(Train, false), c.Count(Test, false), c.Count(Test, true))
}

// Set is a data set: classes by name.
type Set struct{ Classes []*Class }

// Names lists the classes by name.
func (s *Set) Names() []string {
	names := make([]string, len(s.Classes))
	for i, c := range s.Classes {
		names[i] = c.Name
	}
	return names
}

// minTrain is the fewest normal images to learn a class from: one image says
// nothing of how good parts vary.
const minTrain = 2

// Train returns the normal images of all classes to learn from. It wraps
// [ErrEmpty] when a class has fewer than 2.
func (s *Set) Train() ([]Sample, error) {
	return s.pick(Train, minTrain, "training images (good parts in train/good, or a plain folder)")
}

// Test returns the labelled images of all classes to measure on. It wraps
// [ErrEmpty] when a class has none.
func (s *Set) Test() ([]Sample, error) { return s.pick(Test, 1, "test images (below test)") }

func (s *Set) pick(split Split, least int, what string) ([]Sample, error) {
	var all []Sample
	for _, c := range s.Classes {
		n := len(all)
		for _, v := range c.Samples {
			if v.Split == split {
				all = append(all, v)
			}
		}
		if n = len(all) - n; n < least {
			return nil, fmt.Errorf("dataset: %s: class %q: %w: %d %s, want at least %d", c.Root, c.Name, ErrEmpty, n, what, least)
		}
	}
	return all, nil
}

// sort puts samples in the order that Class promises and checks that there are
// any.
func (c *Class) sort() error {
	if len(c.Samples) == 0 {
		return fmt.Errorf("dataset: %s: class %q: %w: no pictures", c.Root, c.Name, ErrEmpty)
	}
	slices.SortFunc(c.Samples, func(a, b Sample) int {
		switch {
		case a.Split != b.Split:
			return -strings.Compare(string(a.Split), string(b.Split))
		case a.Anomalous != b.Anomalous && b.Anomalous:
			return -1
		case a.Anomalous != b.Anomalous:
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	return nil
}
