//go:build js

package main

import (
	"encoding/json"
	"fmt"
	"syscall/js"
	"unsafe"
)

// async makes a JavaScript function of f that returns a promise.
func async(f func(args []js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		var start js.Func
		start = js.FuncOf(func(_ js.Value, settle []js.Value) any {
			start.Release()
			go func() {
				v, err := f(args)
				if err != nil {
					settle[1].Invoke(thrown(err))
					return
				}
				settle[0].Invoke(v)
			}()
			return nil
		})
		return js.Global().Get("Promise").New(start)
	})
}

// await waits for a promise.
func await(promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	var kept, broken js.Func
	release := func() {
		kept.Release()
		broken.Release()
	}
	kept = js.FuncOf(func(_ js.Value, args []js.Value) any {
		release()
		done <- outcome{value: args[0]}
		return nil
	})
	broken = js.FuncOf(func(_ js.Value, args []js.Value) any {
		release()
		done <- outcome{err: caught(args[0])}
		return nil
	})
	promise.Call("then", kept, broken)
	o := <-done
	return o.value, o.err
}

// bytesOf copies a Uint8Array.
func bytesOf(v js.Value) []byte {
	b := make([]byte, v.Get("length").Int())
	js.CopyBytesToGo(b, v)
	return b
}

// arrayOf makes a Uint8Array of bytes.
func arrayOf(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

// float32sOf copies a Float32Array.
func float32sOf(v js.Value) []float32 {
	f := make([]float32, v.Get("length").Int())
	js.CopyBytesToGo(raw(f), js.Global().Get("Uint8Array").New(v.Get("buffer"), v.Get("byteOffset"), v.Get("byteLength")))
	return f
}

// float32Array makes a Float32Array of values.
func float32Array(f []float32) js.Value {
	a := js.Global().Get("Float32Array").New(len(f))
	js.CopyBytesToJS(js.Global().Get("Uint8Array").New(a.Get("buffer")), raw(f))
	return a
}

// raw are the bytes of f: WebAssembly and typed arrays are both little-endian here.
func raw(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}

// text is v as JSON; the types that are written here always have one.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("browser: %w", err)
	}
	return string(b), nil
}
