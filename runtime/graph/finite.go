package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
)

// ErrNonFinite is wrapped when a checkpoint finds NaN or Inf.
var ErrNonFinite = errors.New("value that is not finite")

const checkPrefix = "finite: "

// Check adds a test for NaN and Inf of v under the given name; Exec.Finite
// reports it.
func (g *Graph) Check(name string, v Value) {
	g.Output(checkPrefix+name, g.Apply(kernels.Finite{}, v))
}

// Finite reads the checkpoints of the last replay in the order of their
// declaration and returns an error that names the first one with a NaN or Inf.
func (e *Exec) Finite(ctx context.Context) error {
	r, err := e.StartRead()
	if err != nil {
		return err
	}
	_, err = r.Wait(ctx)
	return err
}

// finite checks the values of a checkpoint.
func (g *Graph) finite(o output, data []byte) error {
	a := kernels.NewArray(g.values[o.value].Tensor)
	a.SetBytes(data)
	if n := a.Data[0]; n > 0 {
		return fmt.Errorf("graph: %s: %w: %.0f of them", strings.TrimPrefix(o.name, checkPrefix), ErrNonFinite, n)
	}
	return nil
}
