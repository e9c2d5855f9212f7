package dataset

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Load reads the picture of a sample. Errors wrap those of imgio and name the
// file.
func (s *Sample) Load(lim imgio.Limits) (*imgio.RGB, error) { return load(s.Path, lim) }

func load(path string, lim imgio.Limits) (*imgio.RGB, error) {
	data, err := imgio.ReadFile(path, lim)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	img, err := imgio.Decode(data, path, lim)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return img, nil
}

// CheckMask decodes the mask of a sample, where there is one, and compares its size
// with the picture's. It wraps [ErrMaskSize] and the errors of imgio.
func (s *Sample) CheckMask(lim imgio.Limits) error {
	if s.Mask == "" {
		return nil
	}
	mask, err := load(s.Mask, lim)
	if err != nil {
		return err
	}
	data, err := imgio.ReadFile(s.Path, lim)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	w, h, err := imgio.Size(data, s.Path, lim)
	if err != nil {
		return nil // the picture is left out, with its error, when its turn comes
	}
	if mask.W != w || mask.H != h {
		return fmt.Errorf("dataset: %s: %w: %d x %d px, %s has %d x %d", s.Mask, ErrMaskSize, mask.W, mask.H, s.Path, w, h)
	}
	return nil
}

// Truth is what is known of the pixels of a sample.
type Truth struct {
	// Labels holds h rows of w labels, 0 normal and 1 defective. nil means not
	// known: an anomalous sample without a mask, or with an empty one.
	Labels []uint8
	// Empty says that there is a mask and that it marks nothing.
	Empty bool
	// MaskW and MaskH are the size of the mask's file in pixels, 0 without one.
	MaskW, MaskH int
}

// Truth reads the mask of a sample at w x h, the size of the heatmap, by nearest
// pixel (method section 5). A good sample is normal everywhere. A defect too thin
// to be left at this size gives labels that are all 0, and not Empty.
func (s *Sample) Truth(w, h int, lim imgio.Limits) (Truth, error) {
	if s.Mask == "" {
		if s.Anomalous {
			return Truth{}, nil
		}
		if w <= 0 || h <= 0 {
			return Truth{}, fmt.Errorf("dataset: truth of %s: %w: %d x %d", s.Path, imgio.ErrSize, w, h)
		}
		return Truth{Labels: make([]uint8, w*h)}, nil
	}
	mask, err := load(s.Mask, lim)
	if err != nil {
		return Truth{}, err
	}
	labels, err := imgio.GroundTruth(mask, w, h)
	if err != nil {
		return Truth{}, fmt.Errorf("dataset: %s: %w", s.Mask, err)
	}
	t := Truth{Labels: labels, MaskW: mask.W, MaskH: mask.H, Empty: true}
	for _, v := range mask.Pix {
		if v != 0 {
			t.Empty = false
			break
		}
	}
	if t.Empty {
		t.Labels = nil
	}
	return t, nil
}
