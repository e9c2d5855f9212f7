//go:build js

// Command pass puts one network into a page: the function drdcLoad(model, tensors)
// takes a model file and its inputs as a safetensors file, both Uint8Array, and gives
// a promise of a function that evaluates the model's refiner once, and promises the
// values of "eps", Float32Array.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"syscall/js"

	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/forward"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

func main() {
	js.Global().Set("drdcLoad", promising(func(args []js.Value) (any, error) {
		return load(context.Background(), content(args[0]), content(args[1]))
	}))
	select {}
}

func load(ctx context.Context, model, tensors []byte) (any, error) {
	file, err := weights.NewReader(bytes.NewReader(model), int64(len(model)))
	if err != nil {
		return nil, err
	}
	m, err := detect.FromFile(file)
	if err != nil {
		return nil, err
	}
	arrays, _, err := safetensors.Read(bytes.NewReader(tensors), int64(len(tensors)))
	if err != nil {
		return nil, err
	}
	in := map[string]forward.Tensor{}
	for i := range arrays {
		data, err := arrays[i].Float32()
		if err != nil {
			return nil, err
		}
		in[arrays[i].Name] = forward.Tensor{Shape: arrays[i].Shape, Data: data}
	}
	dev, err := gpu.Open(ctx, gpu.Options{})
	if err != nil {
		return nil, err
	}
	net, err := forward.Load(ctx, dev, m.Config, m.Store, forward.Refiner, in)
	if err != nil {
		return nil, err
	}
	return promising(func([]js.Value) (any, error) {
		out, err := net.Run(ctx, in)
		if err != nil {
			return nil, err
		}
		return floats(out["eps"].Data), nil
	}), nil
}

// promising is f as a JavaScript function that returns a promise.
func promising(f func(args []js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		var start js.Func
		start = js.FuncOf(func(_ js.Value, settle []js.Value) any {
			start.Release()
			go func() {
				v, err := f(args)
				if err != nil {
					settle[1].Invoke(js.Global().Get("Error").New(fmt.Sprint(err)))
					return
				}
				settle[0].Invoke(v)
			}()
			return nil
		})
		return js.Global().Get("Promise").New(start)
	})
}

func content(v js.Value) []byte {
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

func floats(values []float32) js.Value {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return js.Global().Get("Float32Array").New(a.Get("buffer"))
}
