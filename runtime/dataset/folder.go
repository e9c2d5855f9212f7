package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// openFolder reads a plain folder of good parts and everything below it as the
// train half of one class.
func openFolder(dir, name string) (*Class, error) {
	c := &Class{Name: name, Root: dir, Layout: Folder}
	if err := c.addBelow(dir, 0); err != nil {
		return nil, err
	}
	return c, c.sort()
}

// maxDepth bounds how deep plain folders nest; a link to a folder above ends
// there.
const maxDepth = 8

func (c *Class) addBelow(dir string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("dataset: %s: %w: more than %d folders deep", dir, ErrLayout, maxDepth)
	}
	l, err := list(dir)
	if err != nil {
		return err
	}
	for _, name := range l.pictures {
		c.Samples = append(c.Samples, Sample{Class: c.Name, Path: filepath.Join(dir, name), Split: Train})
	}
	for _, name := range l.folders {
		sub := filepath.Join(dir, name)
		// Bad parts must not pass for good ones because of a stray picture above them.
		if isHalf(name) || isLabel(name) {
			return fmt.Errorf("dataset: %s: %w: below %s, which has pictures of its own and so counts as a folder of good parts", sub, ErrLayout, c.Root)
		}
		if err := c.addBelow(sub, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// refuseLabels keeps good and bad parts side by side from passing for two
// classes of good parts.
func refuseLabels(dir string, classes []*Class) error {
	for _, c := range classes {
		if c.Layout == Folder && len(classes) > 1 && isLabel(c.Name) {
			return fmt.Errorf("dataset: %s: %w: %q is a label, not a product; put good parts in %s and others in %s", dir, ErrLayout, c.Name,
				filepath.Join(dir, "train", "good"), filepath.Join(dir, "test", "KIND"))
		}
	}
	return nil
}

func isHalf(name string) bool {
	return slices.Contains([]string{"train", "test", "ground_truth"}, strings.ToLower(name))
}

func isLabel(name string) bool {
	return slices.Contains([]string{"good", "ok", "normal", "bad", "ko", "anomaly", "defect", "defective"}, strings.ToLower(name))
}
