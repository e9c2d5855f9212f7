package conform

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// guard is written around and into every output before a run: a NaN, so that a
// kernel that adds to what was there, or leaves a hole, is found as well.
const guard = 0x7fc0dead

// window is what a kernel may bind as a uniform behind the end of an operand.
const window = 64 << 10

// bench is the memory of one operation: operands with guards, in buffers of
// their own or all in one.
type bench struct {
	dev  *gpu.Device
	rec  kernels.Record
	outs []*kernels.Array // shapes of the outputs
	in   []gpu.Bind
	out  []gpu.Bind
	temp []gpu.Bind
	bufs []*gpu.Buffer
}

func newBench(dev *gpu.Device, rec kernels.Record, in, out []*kernels.Array, one bool) (b *bench, err error) {
	b = &bench{dev: dev, rec: rec, outs: out}
	align := graph.DeviceLimits(dev).Align
	var sizes []int
	for _, a := range in {
		sizes = append(sizes, a.Tensor.Bytes())
	}
	for _, a := range out {
		sizes = append(sizes, a.Tensor.Bytes())
	}
	sizes = append(sizes, rec.Temps...)
	binds := make([]gpu.Bind, len(sizes))
	total := 0
	for i, n := range sizes {
		// One alignment unit before and at least one after every operand.
		binds[i] = gpu.Bind{Offset: uint64(total + align), Size: uint64(n)}
		room := (align + n + align - 1) / align * align
		if one {
			total += room
			continue
		}
		buf, err := b.alloc(room + align + window)
		if err != nil {
			return nil, err
		}
		binds[i].Buffer = buf
	}
	if one {
		buf, err := b.alloc(total + align + window)
		if err != nil {
			return nil, err
		}
		for i := range binds {
			binds[i].Buffer = buf
		}
	}
	b.in, b.out, b.temp = binds[:len(in)], binds[len(in):len(in)+len(out)], binds[len(in)+len(out):]
	for _, buf := range b.bufs {
		if err := dev.Write(buf, 0, guards(int(buf.Size()))); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	for i, a := range in {
		if err := dev.Write(b.in[i].Buffer, b.in[i].Offset, a.Bytes()); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

func (b *bench) alloc(size int) (*gpu.Buffer, error) {
	buf, err := b.dev.NewBuffer("conform", uint64(size), gpu.UseStorage|gpu.UseUniform)
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	b.bufs = append(b.bufs, buf)
	return buf, nil
}

func (b *bench) close() error {
	var errs []error
	for _, buf := range b.bufs {
		errs = append(errs, buf.Close())
	}
	b.bufs = nil
	return errors.Join(errs...)
}

func (b *bench) place(o kernels.Operand) gpu.Bind {
	bind := [][]gpu.Bind{b.in, b.out, b.temp}[o.Kind][o.Index]
	if o.Size > 0 {
		bind.Offset, bind.Size = bind.Offset+uint64(o.Offset), uint64(o.Size)
	}
	return bind
}

// run fills the outputs with guards, runs the operation and reads them back
// with the words around them.
func (b *bench) run(ctx context.Context, label string) (got []*kernels.Array, err error) {
	rec, free, err := graph.Launch(ctx, b.dev, label, b.rec, b.place)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, free()) }()
	for _, o := range b.out {
		if err := b.dev.Write(o.Buffer, o.Offset, guards(int(o.Size))); err != nil {
			return nil, err
		}
	}
	if err := b.dev.Submit(rec); err != nil {
		return nil, err
	}
	align := uint64(graph.DeviceLimits(b.dev).Align)
	got = make([]*kernels.Array, len(b.out))
	for i, o := range b.out {
		data := make([]byte, align+o.Size+align)
		if err := b.dev.Read(ctx, o.Buffer, o.Offset-align, data); err != nil {
			return nil, err
		}
		body := data[align : align+o.Size]
		for j, around := range [][]byte{data[:align], data[align+o.Size:]} {
			for k := 0; k < len(around); k += 4 {
				if w := binary.LittleEndian.Uint32(around[k:]); w != guard {
					return nil, fmt.Errorf("output %d: %w: byte %d of the %d %s it holds %#x", i, errGuard, k, align, [...]string{"before", "after"}[j], w)
				}
			}
		}
		got[i] = kernels.NewArray(b.outs[i].Tensor)
		got[i].SetBytes(body)
	}
	return got, nil
}

func guards(n int) []byte {
	g := make([]byte, n)
	for i := 0; i+4 <= n; i += 4 {
		binary.LittleEndian.PutUint32(g[i:], guard)
	}
	return g
}
