package dataset

import "errors"

// Sentinels that callers branch on; every error names the path it is about.
var (
	// ErrLayout says that the folders are not those of a known data set.
	ErrLayout = errors.New("unknown layout")
	// ErrEmpty says that a class has no images, or too few, for what is asked.
	ErrEmpty = errors.New("too few images")
	// ErrMask says that a defect has no mask, or more than one.
	ErrMask = errors.New("mask missing or ambiguous")
	// ErrMaskSize says that a mask has other pixels than its picture.
	ErrMaskSize = errors.New("mask of another size than its picture")
	// ErrClash says that two folders hold a class of the same name.
	ErrClash = errors.New("class given twice")
)
