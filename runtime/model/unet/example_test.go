package unet_test

import (
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/unet"
)

func ExampleConfig_Build() {
	g := graph.New()
	t := g.Input("t", kernels.Float(1, 1, 1, 1))
	x := g.Input("x_t", kernels.Float(2, 224, 224, 3))
	condition := g.Input("x_c", kernels.Float(2, 224, 224, 3))
	c := unet.Default()
	eps := c.Build(g, unet.Options{Prefix: "refiner."}, t, x, condition)
	fmt.Println(c.Params(), "parameters,", g.Tensor(eps), g.Err())
	// Output: 34615683 parameters, f32 2x224x224x3 <nil>
}
