//go:build js

package gpu

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall/js"
)

// try calls f and returns a JavaScript exception in it as an error.
func try(f func()) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case js.Error:
			err = &driverError{text: reason(e.Value)}
		case *js.ValueError:
			err = &driverError{text: e.Error()}
		case string: // a method that this browser lacks
			if !strings.HasPrefix(e, "syscall/js") {
				panic(e)
			}
			err = &driverError{text: e}
		default:
			panic(e)
		}
	}()
	f()
	return nil
}

// reason is the text of a rejection or exception, on one line.
func reason(v js.Value) string {
	s := text(v, "message")
	if s == "" {
		s = js.Global().Get("String").Invoke(v).String()
	}
	return strings.Join(strings.Fields(s), " ")
}

// await returns what the promise that start makes resolves to. If ctx ends or
// gone is closed first, the promise goes on unheard; the latter gives ErrLost.
func await(ctx context.Context, gone <-chan struct{}, start func() js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	var settled [2]js.Func
	release := func() {
		settled[0].Release()
		settled[1].Release()
	}
	settled[0] = js.FuncOf(func(_ js.Value, args []js.Value) any {
		release()
		done <- outcome{value: args[0]}
		return nil
	})
	settled[1] = js.FuncOf(func(_ js.Value, args []js.Value) any {
		release()
		done <- outcome{err: &driverError{text: reason(args[0])}}
		return nil
	})
	if err := try(func() { start().Call("then", settled[0], settled[1]) }); err != nil {
		release()
		return js.Undefined(), err
	}
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	case <-gone:
		return js.Undefined(), ErrLost
	}
}

// object makes a plain JavaScript object.
func object(fields map[string]any) js.Value { return js.ValueOf(fields) }

// number reads a numeric property; a missing one is an error.
func number(v js.Value, name string) (uint64, error) {
	n := v.Get(name)
	if n.Type() != js.TypeNumber {
		return 0, fmt.Errorf("the browser reports no %s", name)
	}
	return uint64(n.Float()), nil
}

// text reads a property that may be missing.
func text(v js.Value, name string) string {
	if v.Type() != js.TypeObject || v.Get(name).Type() != js.TypeString {
		return ""
	}
	return v.Get(name).String()
}

var errNoWebGPU = errors.New("this browser has no navigator.gpu: WebGPU is off, or the page is not served over https or localhost")
