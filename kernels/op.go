package kernels

import (
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/shaders"
)

// ErrShape is wrapped by every error about the shapes or types of operands.
var ErrShape = errors.New("shape")

// ErrLimit is wrapped by every error about a limit of the target.
var ErrLimit = errors.New("limit")

// Op is one operation with its parameters. It is a value: it holds no state and
// owns no memory.
type Op interface {
	// Name is the operation's name, the stem of its files.
	Name() string
	// Infer checks the inputs and returns what the outputs are. Errors wrap
	// ErrShape and give the value and what was wanted.
	Infer(in []Tensor) ([]Tensor, error)
	// Record returns the dispatches for inputs that Infer accepted. Errors wrap
	// ErrLimit.
	Record(t Target, in, out []Tensor) (Record, error)
	// Reference computes the outputs in float64, plainly. The outputs are
	// allocated and zero.
	Reference(in, out []*Array)
}

// Counted is an operation whose arithmetic is worth counting: convolutions, products,
// attention. Flops is the least that its definition asks for, a multiply-add counted as
// two, whatever the shaders compute: the FLOPs of Winograd are those of Conv2D.
type Counted interface {
	Op
	Flops(in, out []Tensor) float64
}

// Target is what a kernel may use of the device that will run it.
type Target struct {
	CPU              bool // software adapter: few wide cores, no fast shared memory
	Windows          bool // products of matrices read uniform memory, which is faster than storage
	WindowTransforms bool // those of Winograd too, where it is many times as fast
	Groups           int  // workgroups per dimension
	Invocations      int  // invocations per workgroup
	WorkgroupMemory  int  // bytes
	StorageBinding   int  // bytes of one storage binding
	UniformBinding   int  // bytes of one uniform binding
	Align            int  // bytes a binding offset is a multiple of
}

// DefaultTarget has the limits that every WebGPU device offers.
func DefaultTarget() Target {
	return Target{Groups: 65535, Invocations: 256, WorkgroupMemory: 16384, StorageBinding: 128 << 20, UniformBinding: 64 << 10, Align: 256}
}

// Variant is a kind of device that operations record other dispatches for.
type Variant struct {
	Name                           string
	CPU, Windows, WindowTransforms bool // of Target
}

// Variants are all kinds: GPUs, CPU adapters, and those with fast and very fast uniforms.
func Variants() []Variant {
	return []Variant{
		{Name: "gpu"}, {Name: "cpu", CPU: true}, {Name: "products", CPU: true, Windows: true},
		{Name: "windows", CPU: true, Windows: true, WindowTransforms: true},
	}
}

// As is t as a device of another kind.
func (t Target) As(v Variant) Target {
	t.CPU, t.Windows, t.WindowTransforms = v.CPU, v.Windows, v.WindowTransforms
	return t
}

// Variant is the kind of t.
func (t Target) Variant() Variant {
	for _, v := range Variants() {
		if t.As(v) == t {
			return v
		}
	}
	return Variant{}
}

// Record is the work of one operation.
type Record struct {
	Steps []Dispatch
	Temps []int // bytes of each temporary that the steps share
}

// Dispatch runs one shader over a grid of workgroups.
type Dispatch struct {
	Shader  string            // stored file, such as "unary.wgsl"
	Set     []shaders.Setting // settable lines
	Bind    []Operand         // binding 0, 1, ...; without the uniform
	Uniform any               // struct of uint32, int32 and float32 fields named as the WGSL members; nil for none. Bound after Bind
	Groups  [3]uint32
}

// OperandKind says which list an Operand points into.
type OperandKind uint8

const (
	InKind OperandKind = iota
	OutKind
	TempKind
)

// Operand is what a binding holds: input, output or temporary number Index.
// Size 0 binds the whole; otherwise Offset and Size in bytes select a window.
// Uniform says that the shader reads it as var<uniform>: no binding of the same dispatch
// may write to the same buffer then, and a temporary that is read so has a buffer apart
// from all other operands.
type Operand struct {
	Kind         OperandKind
	Index        int
	Offset, Size int
	Uniform      bool
}

// In is input i as a whole.
func In(i int) Operand { return Operand{Kind: InKind, Index: i} }

// Out is output i as a whole.
func Out(i int) Operand { return Operand{Kind: OutKind, Index: i} }

// Temp is temporary i as a whole.
func Temp(i int) Operand { return Operand{Kind: TempKind, Index: i} }

// temp is a new temporary of so many bytes.
func (r *Record) temp(bytes int) Operand {
	r.Temps = append(r.Temps, bytes)
	return Temp(len(r.Temps) - 1)
}

// Grid folds a number of workgroups into a grid whose dimensions are within
// the target's limit. Shaders recover the number with linear_group (grid.wgsl)
// and return when it is past the end.
func (t Target) Grid(groups int) ([3]uint32, error) {
	if groups <= t.Groups {
		return [3]uint32{uint32(groups), 1, 1}, nil
	}
	rows := (groups + t.Groups - 1) / t.Groups
	if rows > t.Groups {
		return [3]uint32{}, fmt.Errorf("%w: %d workgroups, limit %d", ErrLimit, groups, t.Groups*t.Groups)
	}
	return [3]uint32{uint32((groups + rows - 1) / rows), uint32(rows), 1}, nil
}

// single makes a Record of one dispatch over ceil(items/per) workgroups that
// binds the inputs in order, then the outputs.
func single(t Target, d Dispatch, in, out, items, per int) (Record, error) {
	var err error
	if d.Groups, err = t.Grid((items + per - 1) / per); err != nil {
		return Record{}, err
	}
	for i := range in {
		d.Bind = append(d.Bind, In(i))
	}
	for i := range out {
		d.Bind = append(d.Bind, Out(i))
	}
	return Record{Steps: []Dispatch{d}}, nil
}

// want reports a wrong number or type of inputs.
func want(in []Tensor, types ...Type) error {
	if len(in) != len(types) {
		return fmt.Errorf("%w: %d inputs, want %d", ErrShape, len(in), len(types))
	}
	for i, t := range in {
		if t.Type != types[i] {
			return fmt.Errorf("%w: input %d is %v, want %v", ErrShape, i, t, types[i])
		}
		if !t.Shape.valid() {
			return fmt.Errorf("%w: input %d is %v: every extent must be positive and the whole below 2^31 values", ErrShape, i, t)
		}
	}
	return nil
}
