//go:build js

package main

import (
	"math"
	"syscall/js"

	"github.com/drdc-dev/drdc/runtime/detect"
)

// events are the functions that a call tells what it does; undefined: nobody listens.
type events struct{ v js.Value }

func (e events) call(name string, args ...any) {
	if e.v.Type() == js.TypeObject {
		e.v.Call(name, args...)
	}
}

func (e events) progress(stage string, done, total int) { e.call("progress", stage, done, total) }

func (e events) lost(times int) { e.call("lost", times) }

// step passes a predicted image on as RGBA.
func (e events) step(p detect.Predicted, side int) {
	rgba := make([]byte, 0, len(p.Pix)/3*4)
	for i, v := range p.Pix {
		rgba = append(rgba, byte(math.Round(min(max(float64(v)*127.5+127.5, 0), 255))))
		if i%3 == 2 {
			rgba = append(rgba, 255)
		}
	}
	e.call("step", p.Timestep, p.Cell, side, arrayOf(rgba))
}
