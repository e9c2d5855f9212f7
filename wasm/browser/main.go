//go:build js

package main

import "syscall/js"

func main() {
	s := &session{}
	js.Global().Call("drdc", map[string]any{
		"open":      async(s.open),
		"configure": async(s.configure),
		"detect":    async(s.detect),
		"encode":    async(encode),
		"stop":      async(s.stop),
		"close":     async(s.close),
	})
	select {} // the functions above run from now on
}
