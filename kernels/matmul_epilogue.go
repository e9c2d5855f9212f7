package kernels

import (
	"fmt"

	"github.com/drdc-dev/drdc/shaders"
)

// epilogue is what ends a convolution or matmul: y = act(v + bias) + residual. The
// bias [1, 1, 1, K] and the residual, of y's shape, are the last inputs.
type epilogue struct {
	act            Activation
	bias, residual bool
}

// weightType is F16 when input i is stored so, else F32.
func weightType(in []Tensor, i int) Type {
	if i < len(in) && in[i].Type == F16 {
		return F16
	}
	return F32
}

func epilogueTypes(types []Type, bias, residual bool) []Type {
	for _, has := range []bool{bias, residual} {
		if has {
			types = append(types, F32)
		}
	}
	return types
}

func epilogueInputs(y Shape, bias, residual bool) []Tensor {
	var in []Tensor
	if bias {
		in = append(in, Float(1, 1, 1, y[3]))
	}
	if residual {
		in = append(in, Tensor{Shape: y})
	}
	return in
}

// checkEpilogue checks the shapes of the bias and the residual, in, against y.
func checkEpilogue(in []Tensor, y Shape, bias, residual bool) error {
	names := []string{"bias", "residual"}
	if !bias {
		names = names[1:]
	}
	for i, w := range epilogueInputs(y, bias, residual) {
		if in[i].Shape != w.Shape {
			return fmt.Errorf("%w: %s is %v, want %v", ErrShape, names[i], in[i].Shape, w.Shape)
		}
	}
	return nil
}

// record is a Record of d alone, over groups workgroups, for an operation whose
// first two inputs are x and the weight.
func (e epilogue) record(t Target, d Dispatch, in []Tensor, groups int) (Record, error) {
	var rec Record
	d.Bind = e.bind(&rec, In(0), 1)
	return rec, e.add(t, &rec, d, in[1].Type, groups)
}

// bind lists the bindings of a shader with matmul_epilogue.wgsl: x, the weight,
// which is input w, the bias, the residual and the output.
func (e epilogue) bind(rec *Record, x Operand, w int) []Operand {
	list, next := []Operand{x, In(w)}, w+1
	for _, has := range []bool{e.bias, e.residual} {
		if has {
			list, next = append(list, In(next)), next+1
		} else {
			list = append(list, rec.absent())
		}
	}
	return append(list, Out(0))
}

// absent is a temporary that stands for an operand that no shader reads.
func (r *Record) absent() Operand { return r.temp(unread) }

// add puts the settings of the epilogue and the grid into d, and d into rec.
func (e epilogue) add(t Target, rec *Record, d Dispatch, weight Type, groups int) error {
	d.Set = append(d.Set, e.settings(weight)...)
	var err error
	if d.Groups, err = t.Grid(groups); err != nil {
		return err
	}
	rec.Steps = append(rec.Steps, d)
	return nil
}

// apply computes the epilogue in place; in are the bias and the residual.
func (e epilogue) apply(in []*Array, y *Array) {
	var bias []float64
	if e.bias {
		bias, in = in[0].Row(0), in[1:]
	}
	for i := range y.Shape.Pixels() {
		row := y.Row(i)
		for c, v := range row {
			if e.bias {
				v += bias[c]
			}
			row[c] = e.act.apply(v)
		}
		if e.residual {
			for c, v := range in[0].Row(i) {
				row[c] += v
			}
		}
	}
}

func (e epilogue) settings(weight Type) []shaders.Setting {
	set := []shaders.Setting{shaders.Int("ACT", int(e.act))}
	for _, s := range []struct {
		name string
		has  bool
	}{{"BIAS", e.bias}, {"RESIDUAL", e.residual}} {
		if s.has {
			set = append(set, shaders.Int(s.name, 1))
		}
	}
	if weight == F16 {
		set = append(set, shaders.Use("WEIGHT", "weight_f16.wgsl"))
	}
	return set
}
