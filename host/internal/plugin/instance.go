package plugin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// instance is one guest with its own memory. It serves one goroutine at a time.
type instance struct {
	module api.Module
	memory memory
	stack  [1]uint64

	// The world of one image, as renew makes it.
	log     ring
	numbers map[string]float64
	random  random
	clock   int64 // milliseconds: how often the guest has looked
	began   time.Time

	version, alloc, begin, addMap, finish api.Function
	reset, initialize                     api.Function // nil if the guest has none
}

// bind finds the exports; admit.Scan has seen that they are there.
func (in *instance) bind(m api.Module) {
	in.module = m
	in.version = m.ExportedFunction(abi.ABI)
	in.alloc = m.ExportedFunction(abi.Alloc)
	in.begin = m.ExportedFunction(abi.Begin)
	in.addMap = m.ExportedFunction(abi.AddMap)
	in.finish = m.ExportedFunction(abi.Finish)
	in.reset = m.ExportedFunction(abi.Reset)
	in.initialize = m.ExportedFunction(abi.Initialize)
}

// renew makes the world the same for every image: no log, no numbers, the first random bytes, the clock at its start.
func (in *instance) renew() {
	in.log.reset()
	in.numbers = map[string]float64{}
	in.random = random{}
	in.clock, in.began = 0, time.Now()
}

// walltime counts from the first of January 2000.
func (in *instance) walltime() (sec int64, nsec int32) {
	ns := in.nanotime()
	return 946684800 + ns/1e9, int32(ns % 1e9)
}

// nanotime goes on by a millisecond whenever the guest looks, so that a guest that waits for it goes on too.
func (in *instance) nanotime() int64 {
	in.clock++
	return in.clock * 1e6
}

// call runs one function of at most one parameter and one result.
func (in *instance) call(ctx context.Context, step string, f api.Function, param uint32) (uint64, error) {
	in.stack[0] = uint64(param)
	if err := f.CallWithStack(context.WithValue(ctx, callerKey{}, in), in.stack[:]); err != nil {
		return 0, in.failed(ctx, step, err)
	}
	return in.stack[0], nil
}

// failed names what ended a call.
func (in *instance) failed(ctx context.Context, step string, err error) error {
	e := &GuestError{Step: step, Ran: time.Since(in.began), Log: in.log.String()}
	if s, ok := errors.AsType[*stop](err); ok {
		e.Kind, e.Detail = s.kind, s.text
		return e
	}
	if exit, ok := errors.AsType[*sys.ExitError](err); ok {
		switch {
		case errors.Is(context.Cause(ctx), ErrDeadline):
			e.Kind = ErrDeadline
		case ctx.Err() != nil:
			return fmt.Errorf("plugin: %s: %w", step, context.Cause(ctx))
		default:
			e.Kind, e.Detail = ErrExit, fmt.Sprintf("with code %d", exit.ExitCode())
		}
		return e
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	e.Kind, e.Detail = ErrTrap, strings.TrimPrefix(first, "wasm error: ")
	return e
}

// unusable is an output that breaks the contract.
func (in *instance) unusable(step, format string, args ...any) error {
	return &GuestError{Step: step, Kind: ErrOutput, Detail: fmt.Sprintf(format, args...), Ran: time.Since(in.began), Log: in.log.String()}
}

// start brings a fresh instance to where it can take images.
func (in *instance) start(ctx context.Context) error {
	if in.initialize != nil {
		if _, err := in.call(ctx, "start", in.initialize, 0); err != nil {
			return err
		}
	}
	v, err := in.call(ctx, "start", in.version, 0)
	if err != nil {
		return err
	}
	if uint32(v) != abi.Version {
		return &GuestError{Step: "start", Kind: ErrVersion, Detail: fmt.Sprintf("the module has %d, this host %d", uint32(v), abi.Version), Ran: time.Since(in.began)}
	}
	return nil
}

// room asks the guest for n bytes and checks the answer.
func (in *instance) room(ctx context.Context, n int) (uint32, error) {
	v, err := in.call(ctx, "alloc", in.alloc, uint32(n))
	if err != nil {
		return 0, err
	}
	at := uint32(v)
	switch size := in.module.Memory().Size(); {
	case at == 0:
		return 0, in.unusable("alloc", "no room for %d bytes in a memory of %d", n, size)
	case at%abi.Align != 0:
		return 0, in.unusable("alloc", "address %d is no multiple of %d", at, abi.Align)
	case uint64(at)+uint64(n) > uint64(size):
		return 0, in.unusable("alloc", "%d bytes at address %d: beyond the memory of %d bytes", n, at, size)
	}
	return at, nil
}

// view is n bytes of the guest's memory as they are now; a call may move them. room has checked the place and memories never
// shrink, so that a failure means that the engine broke its word.
func (in *instance) view(at uint32, n int) []byte {
	b, ok := in.module.Memory().Read(at, uint32(n))
	if !ok {
		panic(fmt.Sprintf("plugin: the guest's memory shrank below %d bytes", uint64(at)+uint64(n)))
	}
	return b
}

// fuse takes one image through the guest.
func (in *instance) fuse(ctx context.Context, img abi.Image, maps iter.Seq2[abi.Map, []float32]) (Result, error) {
	in.renew()
	pixels := img.Width * img.Height
	room := img.Room()
	record, err := in.room(ctx, room)
	if err != nil {
		return Result{}, err
	}
	heatmap, err := in.room(ctx, 4*pixels)
	if err != nil {
		return Result{}, err
	}
	if uint64(record) < uint64(heatmap)+uint64(4*pixels) && uint64(heatmap) < uint64(record)+uint64(room) {
		return Result{}, in.unusable("alloc", "%d bytes at address %d overlap %d bytes at %d", room, record, 4*pixels, heatmap)
	}

	abi.PutImage(in.view(record, room), record, img)
	if _, err := in.call(ctx, "begin", in.begin, record); err != nil {
		return Result{}, err
	}
	index := 0
	for m, data := range maps {
		if len(data) != pixels {
			return Result{}, fmt.Errorf("plugin: map %d has %d pixels, want %d", index, len(data), pixels)
		}
		buffer := in.view(record, room)
		abi.PutMap(buffer, record, index, m)
		putPixels(buffer[abi.MapSize:], data)
		if _, err := in.call(ctx, fmt.Sprintf("map %d", index), in.addMap, record); err != nil {
			return Result{}, err
		}
		index++
	}
	if index != img.Maps {
		return Result{}, fmt.Errorf("plugin: %d maps, but %d announced", index, img.Maps)
	}
	return in.result(ctx, heatmap, pixels)
}

// result lets the guest finish and checks what it wrote. The buffer holds NaN before, so that a pixel left out shows.
func (in *instance) result(ctx context.Context, heatmap uint32, pixels int) (Result, error) {
	fillNaN(in.view(heatmap, 4*pixels))
	v, err := in.call(ctx, "finish", in.finish, heatmap)
	if err != nil {
		return Result{}, err
	}
	r := Result{Heatmap: make([]float32, pixels), Score: api.DecodeF32(v), Numbers: in.numbers, Log: in.log.String()}
	getPixels(r.Heatmap, in.view(heatmap, 4*pixels))
	r.Min, r.Max = r.Heatmap[0], r.Heatmap[0]
	for i, h := range r.Heatmap {
		if !finite(h) {
			return Result{}, in.unusable("finish", "pixel %d of %d is %v or was not written", i, pixels, h)
		}
		// The built-in min and max are slower: they care for NaN.
		if h < r.Min {
			r.Min = h
		}
		if h > r.Max {
			r.Max = h
		}
	}
	if !finite(r.Score) {
		return Result{}, in.unusable("finish", "the score is %v", r.Score)
	}
	return r, nil
}

func finite(v float32) bool { return math.Float32bits(v)&0x7f800000 != 0x7f800000 }
