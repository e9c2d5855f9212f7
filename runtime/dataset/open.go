package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Open reads the folders of a data set, one class or a folder of classes each;
// together they make one set. It reads names only, no pictures. It wraps
// [ErrLayout], [ErrEmpty], [ErrMask], [ErrClash] and the errors of the file
// system.
func Open(dirs ...string) (*Set, error) {
	if len(dirs) == 0 {
		return nil, fmt.Errorf("dataset: %w: no folder given", ErrEmpty)
	}
	set := &Set{}
	at := map[string]string{}
	for _, dir := range dirs {
		classes, err := open(dir)
		if err != nil {
			return nil, err
		}
		for _, c := range classes {
			if other, ok := at[c.Name]; ok {
				return nil, fmt.Errorf("dataset: %w: %q is in %s and in %s; rename a folder", ErrClash, c.Name, other, c.Root)
			}
			at[c.Name] = c.Root
		}
		set.Classes = append(set.Classes, classes...)
	}
	slices.SortFunc(set.Classes, func(a, b *Class) int { return strings.Compare(a.Name, b.Name) })
	return set, nil
}

// open reads one folder given by the user.
func open(dir string) ([]*Class, error) {
	// The folder names the class even when it is given as "." or "..".
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	top, err := list(dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(top.folders, "split_csv") {
		return openVisA(dir)
	}
	c, err := openClass(dir, filepath.Base(whole), top)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return []*Class{c}, nil
	}
	var classes []*Class
	for _, name := range top.folders {
		sub := filepath.Join(dir, name)
		inner, err := list(sub)
		if err != nil {
			return nil, err
		}
		c, err := openClass(sub, name, inner)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, fmt.Errorf("dataset: %s: %w: neither train and test nor pictures in it (class folders of %s)", sub, ErrLayout, dir)
		}
		classes = append(classes, c)
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: no pictures and no class folders", dir, ErrEmpty)
	}
	if err := refuseLabels(dir, classes); err != nil {
		return nil, err
	}
	return classes, nil
}

// openClass reads a folder that is the class name, or returns nil for another folder.
func openClass(dir, name string, top listing) (*Class, error) {
	switch {
	case slices.Contains(top.folders, "train") || slices.Contains(top.folders, "test"):
		return openHalves(dir, name)
	case slices.Contains(top.folders, "Data"):
		return nil, fmt.Errorf("dataset: %s: %w: a class of raw VisA needs its split table; give the folder that holds split_csv/1cls.csv", dir, ErrLayout)
	case len(top.pictures) > 0:
		return openFolder(dir, name)
	}
	return nil, nil
}

// listing is the content of a folder, sorted by name.
type listing struct {
	folders  []string
	pictures []string
}

// list reads a folder, follows links and passes over names with a leading dot
// and files that are no pictures.
func list(dir string) (listing, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return listing{}, fmt.Errorf("dataset: %w", err)
	}
	var l listing
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return listing{}, fmt.Errorf("dataset: %w", err)
		}
		switch {
		case info.IsDir():
			l.folders = append(l.folders, e.Name())
		case isPicture(e.Name()):
			l.pictures = append(l.pictures, e.Name())
		}
	}
	return l, nil
}

func isPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp":
		return true
	}
	return false
}

// stem is a file's name without its ending.
func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }
