//go:build js

package main

import (
	"context"
	"errors"
	"syscall/js"

	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/sandbox"
	"github.com/drdc-dev/drdc/weights"
)

// codes are what a caller in JavaScript branches on; the first that fits counts.
var codes = []struct {
	code string
	errs []error
}{
	{"stopped", []error{context.Canceled}},
	{"device-lost", []error{gpu.ErrLost}},
	{"no-adapter", []error{gpu.ErrNoAdapter}},
	{"too-large", []error{detect.ErrTooLarge, gpu.ErrOutOfMemory, gpu.ErrTooLarge}},
	{"not-finite", []error{graph.ErrNonFinite, weights.ErrNotFinite}},
	{"model", []error{weights.ErrFormat, weights.ErrChecksum}},
	{"rule", []error{sandbox.ErrRule, fusion.ErrStack}},
	{"image", []error{imgio.ErrFormat, imgio.ErrCorrupt, imgio.ErrTooLarge}},
}

// foreign is an error that came from JavaScript.
type foreign struct{ code, text string }

func (e *foreign) Error() string { return e.text }

// caught turns what JavaScript threw into an error.
func caught(v js.Value) error {
	e := &foreign{text: js.Global().Get("String").Invoke(v).String()}
	if v.Type() == js.TypeObject {
		if m := v.Get("message"); m.Type() == js.TypeString {
			e.text = m.String()
		}
		if c := v.Get("code"); c.Type() == js.TypeString {
			e.code = c.String()
		}
	}
	return e
}

// thrown turns an error into an Error with a code, "" when no code fits.
func thrown(err error) js.Value {
	v := js.Global().Get("Error").New(err.Error())
	v.Set("code", codeOf(err))
	return v
}

func codeOf(err error) string {
	if f, ok := errors.AsType[*foreign](err); ok && f.code != "" {
		return f.code
	}
	if _, ok := errors.AsType[*admit.Refusal](err); ok {
		return "rule"
	}
	for _, c := range codes {
		for _, e := range c.errs {
			if errors.Is(err, e) {
				return c.code
			}
		}
	}
	return ""
}
