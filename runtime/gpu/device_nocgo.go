//go:build !js && !cgo

package gpu

import (
	"context"
	"errors"
)

type (
	rawAdapter  struct{}
	rawBuffer   struct{}
	rawPipeline struct{}
	rawGroup    struct{}
	rawEvent    struct{}
	rawQueries  struct{}
	rawStep     struct{}
)

// enumerate finds nothing: the native driver is a C library. Such a program
// still computes with the reference executor.
func enumerate(context.Context) ([]candidate, func(), error) {
	return nil, nil, errors.Join(ErrNoAdapter, errors.New("this program was built with CGO_ENABLED=0, without the GPU driver"))
}

// driver has no value: there is no adapter to open.
type driver struct{ methods }

type methods interface {
	close()
	pending() error
	guard(func() error) error
	newBuffer(label string, size uint64, usage uint32) (rawBuffer, error)
	freeBuffer(rawBuffer)
	write(b rawBuffer, offset uint64, data []byte) error
	read(ctx context.Context, stage rawBuffer, dst []byte) error
	compile(ctx context.Context, label, code string, bindings []Access) (rawPipeline, *diagnostic, error)
	freePipeline(rawPipeline)
	group(label string, p rawPipeline, binds []Bind) (rawGroup, error)
	freeGroup(rawGroup)
	check([]rawStep) error
	submit([]rawStep) error
	wait(context.Context) error
	fence() (rawEvent, error)
	await(context.Context, rawEvent) error
	newQueries(n int) (rawQueries, error)
	freeQueries(rawQueries)
	submitStamped(steps []rawStep, q rawQueries, dst rawBuffer) error
	submitStamp(q rawQueries, dst rawBuffer) error
}

func (rawAdapter) open(context.Context, Limits, string, bool) (*driver, error) {
	return nil, ErrNoAdapter
}

func dispatchStep(rawPipeline, rawGroup, [3]uint32) rawStep { return rawStep{} }

func copyStep(Bind, Bind) rawStep { return rawStep{} }
