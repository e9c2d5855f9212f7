package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// visaColumns is the head of split_csv/1cls.csv.
var visaColumns = [...]string{"object", "split", "label", "image", "mask"}

// openVisA reads raw VisA by its split table. Paths in the table are relative to
// dir. A class of the table whose folder is absent is left out, so that a part of
// the download works; none at all is an error.
func openVisA(dir string) (classes []*Class, err error) {
	path := filepath.Join(dir, "split_csv", "1cls.csv")
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(visaColumns)
	byName := map[string]*Class{}
	absent := map[string]bool{}
	for row := 1; ; row++ {
		fields, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w: %w", path, ErrLayout, err)
		}
		if row == 1 {
			if !slices.Equal(fields, visaColumns[:]) {
				return nil, fmt.Errorf("dataset: %s: %w: columns %v, want %v", path, ErrLayout, fields, visaColumns)
			}
			continue
		}
		s, err := visaSample(dir, fields)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: row %d: %w", path, row, err)
		}
		c := byName[s.Class]
		if c == nil {
			root := filepath.Join(dir, s.Class)
			if _, err := os.Stat(root); err != nil {
				absent[s.Class] = true
				continue
			}
			c = &Class{Name: s.Class, Root: root, Layout: VisA}
			byName[s.Class] = c
			classes = append(classes, c)
		}
		for _, file := range []string{s.Path, s.Mask} {
			if _, err := os.Stat(file); file != "" && err != nil {
				return nil, fmt.Errorf("dataset: %s: row %d: %w", path, row, err)
			}
		}
		c.Samples = append(c.Samples, s)
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: none of the class folders that split_csv/1cls.csv lists is here", dir, ErrEmpty)
	}
	for _, c := range classes {
		for name := range absent {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: class %q of the split table is not here", dir, name))
		}
		slices.Sort(c.Notes)
		absent = nil // said once
		if err := c.sort(); err != nil {
			return nil, err
		}
	}
	return classes, nil
}

// visaSample is one row of the table.
func visaSample(dir string, fields []string) (Sample, error) {
	s := Sample{Class: fields[0], Split: Split(fields[1]), Anomalous: fields[2] == "anomaly"}
	for _, file := range fields[3:] {
		if !filepath.IsLocal(filepath.FromSlash(file)) && file != "" {
			return s, fmt.Errorf("%w: path %q leads out of the folder", ErrLayout, file)
		}
	}
	s.Path = filepath.Join(dir, filepath.FromSlash(fields[3]))
	switch {
	case !filepath.IsLocal(s.Class) || strings.ContainsAny(s.Class, `/\`):
		return s, fmt.Errorf("%w: class %q is no folder name", ErrLayout, s.Class)
	case s.Split != Train && s.Split != Test:
		return s, fmt.Errorf("%w: split %q, want train or test", ErrLayout, s.Split)
	case fields[2] != "normal" && fields[2] != "anomaly":
		return s, fmt.Errorf("%w: label %q, want normal or anomaly", ErrLayout, fields[2])
	case s.Anomalous && s.Split == Train:
		return s, fmt.Errorf("%w: an anomaly in the train half", ErrLayout)
	case s.Anomalous && fields[4] == "":
		return s, fmt.Errorf("%w: no mask for %s", ErrMask, fields[3])
	case fields[3] == "":
		return s, fmt.Errorf("%w: no image", ErrLayout)
	}
	if s.Anomalous {
		s.Defect = "bad"
		s.Mask = filepath.Join(dir, filepath.FromSlash(fields[4]))
	}
	return s, nil
}
