package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
)

// maskIndex finds the masks of one folder by the stem of their pictures. The
// zero value is a class without masks.
type maskIndex struct {
	dir    string
	byStem map[string][]string // file names
	used   map[string]bool     // stems asked for
}

// masks lists ground_truth/KIND. A class without ground_truth has none.
func (c *Class) masks(kind string) (maskIndex, error) {
	all := filepath.Join(c.Root, "ground_truth")
	if _, err := list(all); errors.Is(err, fs.ErrNotExist) {
		return maskIndex{}, nil
	}
	m := maskIndex{dir: filepath.Join(all, kind), byStem: map[string][]string{}, used: map[string]bool{}}
	l, err := list(m.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("dataset: %s: %w: other defects have masks, %q has no folder", m.dir, ErrMask, kind)
	}
	if err != nil {
		return m, err
	}
	for _, name := range l.pictures {
		s := strings.TrimSuffix(stem(name), "_mask")
		m.byStem[s] = append(m.byStem[s], name)
	}
	return m, nil
}

// of returns the path of the one mask of a picture.
func (m maskIndex) of(picture string) (string, error) {
	if m.dir == "" {
		return "", nil
	}
	s := stem(filepath.Base(picture))
	names := m.byStem[s]
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("dataset: %s: %w: no %s_mask.png or %s.png in %s", picture, ErrMask, s, s, m.dir)
	case len(names) > 1:
		return "", fmt.Errorf("dataset: %s: %w: %s in %s", picture, ErrMask, strings.Join(names, " and "), m.dir)
	case m.used[s]:
		return "", fmt.Errorf("dataset: %s: %w: %s belongs to another picture of the same stem", picture, ErrMask, filepath.Join(m.dir, names[0]))
	}
	m.used[s] = true
	return filepath.Join(m.dir, names[0]), nil
}

// unused yields the masks that no picture asked for.
func (m maskIndex) unused() iter.Seq[string] {
	return func(yield func(string) bool) {
		for s, names := range m.byStem {
			if !m.used[s] && !yield(names[0]) {
				return
			}
		}
	}
}
