// A guest in Go that misbehaves as the parameter "do" says.
package main

import (
	"errors"

	"github.com/drdc-dev/drdc/wasm/guest"
)

type hostile struct{ do string }

var keep []byte

func (r hostile) Map(guest.Map) {
	var none []int
	switch r.do {
	case "panic":
		panic("of a guest")
	case "index":
		none[len(r.do)]++
	case "alloc":
		keep = make([]byte, 1e9)
	case "grow":
		for {
			keep = append(keep, make([]byte, 1<<20)...)
		}
	case "spin":
		for {
		}
	case "deadlock":
		<-make(chan int)
	case "recurse":
		guest.Number("depth", float64(depth(0)))
	}
}

func depth(n int) int { return depth(n+1) + 1 }

func (r hostile) Finish(heatmap []float32) float32 { return 0 }

func init() {
	guest.Register(func(m guest.Image) (guest.Rule, error) {
		do, ok := m.Param("do")
		if !ok {
			return nil, errors.New("nothing to do")
		}
		return hostile{do}, nil
	})
}

func main() {}
