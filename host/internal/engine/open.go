package engine

import (
	"context"
	"errors"

	"github.com/drdc-dev/drdc/host/internal/worker"
)

// Open makes the detector of a spec.
func Open(ctx context.Context, spec worker.Spec, watch worker.Watch) (worker.Detector, error) {
	return nil, errors.New("engine: no method yet")
}
