package torch

import (
	"errors"
	"fmt"
)

var (
	// ErrFormat: the file is not a PyTorch checkpoint or is damaged.
	ErrFormat = errors.New("not a valid PyTorch checkpoint")
	// ErrLimit: the file asks for more than the bounds of this package.
	ErrLimit = errors.New("limit exceeded")
	// ErrUnsupported: a checkpoint that this package does not read, such as a compressed, sparse or quantised one.
	ErrUnsupported = errors.New("unsupported")
	// ErrTensor: a tensor reaches outside its storage or has an impossible shape.
	ErrTensor = errors.New("bad tensor")
	// ErrNoState: there is no state dict in the file.
	ErrNoState = errors.New("no state dict")
	// ErrAmbiguous: there are several state dicts and none has a usual name.
	ErrAmbiguous = errors.New("several state dicts")
)

// fail makes an error of one of the kinds above.
func fail(kind error, format string, args ...any) error {
	return fmt.Errorf("torch: %s: %w", fmt.Sprintf(format, args...), kind)
}
