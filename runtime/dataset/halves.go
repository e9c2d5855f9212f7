package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// openHalves reads a class of train, test and ground_truth folders: MVTec AD,
// converted VisA (test/bad, masks without "_mask") and BTAD (ok and ko).
func openHalves(dir, name string) (*Class, error) {
	c := &Class{Name: name, Root: dir, Layout: MVTec}
	for _, split := range []Split{Train, Test} {
		half := filepath.Join(dir, string(split))
		l, err := list(half)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(l.pictures) > 0 {
			return nil, fmt.Errorf("dataset: %s: %w: %d pictures without a label; move them to a folder of their kind, such as %s",
				half, ErrLayout, len(l.pictures), filepath.Join(half, "good"))
		}
		for _, kind := range l.folders {
			good := kind == "good" || kind == "ok"
			if kind == "ok" {
				c.Layout = BTAD
			}
			if split == Train && !good {
				return nil, fmt.Errorf("dataset: %s: %w: train may hold good parts only", filepath.Join(half, kind), ErrLayout)
			}
			if err := c.addKind(split, kind, good); err != nil {
				return nil, err
			}
		}
	}
	return c, c.sort()
}

// addKind adds the pictures of one folder of a half.
func (c *Class) addKind(split Split, kind string, good bool) error {
	dir := filepath.Join(c.Root, string(split), kind)
	l, err := list(dir)
	if err != nil {
		return err
	}
	if len(l.folders) > 0 {
		return fmt.Errorf("dataset: %s: %w: folders below a kind of part: %s", dir, ErrLayout, strings.Join(l.folders, ", "))
	}
	masks := maskIndex{}
	if !good {
		if masks, err = c.masks(kind); err != nil {
			return err
		}
	}
	for _, name := range l.pictures {
		s := Sample{Class: c.Name, Path: filepath.Join(dir, name), Split: split, Anomalous: !good}
		if !good {
			s.Defect = kind
			if s.Mask, err = masks.of(s.Path); err != nil {
				return err
			}
		}
		c.Samples = append(c.Samples, s)
	}
	for _, name := range slices.Sorted(masks.unused()) {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: mask without a picture", filepath.Join(masks.dir, name)))
	}
	return nil
}
