package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func (o Conv2D) Reference(in, out []*Array) {
	w, y := in[o.weight()], out[0]
	sources := o.Load.load(in[:o.weight()])
	parallelRows(y.Shape[0]*y.Shape[1], func(i int) {
		n, oy := i/y.Shape[1], i%y.Shape[1]
		if o.groups() > 1 {
			o.groupedRow(in[0], w, y, n, oy)
			return
		}
		row := 0 // of a tap
		for _, x := range sources {
			o.sourceRow(x, w, y, row, n, oy)
			row += pad4(x.Shape[3])
		}
	})
	o.epilogue().apply(in[o.weight()+1:], y)
}

// sourceRow adds to row oy of image n of y what comes from x, whose channels meet
// the rows of w from row on.
func (o Conv2D) sourceRow(x, w, y *Array, row, n, oy int) {
	kh, kw, rows := w.Shape[0], w.Shape[1], w.Shape[2]
	for ky := range kh {
		iy := oy*o.Stride[0] + ky - o.Pad[0]
		if iy < 0 || iy >= x.Shape[1] {
			continue
		}
		for kx := range kw {
			// The pixels whose tap lies in the image.
			first := max(0, ceilDiv(o.Pad[1]-kx, o.Stride[1]))
			end := min(y.Shape[2], (x.Shape[2]-1+o.Pad[1]-kx)/o.Stride[1]+1)
			if x.Shape[2]-1+o.Pad[1]-kx < 0 {
				end = 0
			}
			for c := 0; c < pad4(x.Shape[3]); c += 4 {
				var taps [4][]float64
				for j := range taps {
					taps[j] = w.Row((ky*kw+kx)*rows + row + c + j)
				}
				at := func(ox int) []float64 {
					i := x.Shape.Index(n, iy, ox*o.Stride[1]+kx-o.Pad[1], c)
					return x.Data[i : i+4]
				}
				ox := first
				for ; ox+1 < end; ox += 2 {
					i := (n*y.Shape[1]+oy)*y.Shape[2] + ox
					addPair(y.Row(i), y.Row(i+1), at(ox), at(ox+1), taps)
				}
				if ox < end {
					addProduct(y.Row((n*y.Shape[1]+oy)*y.Shape[2]+ox), at(ox), taps)
				}
			}
		}
	}
}

// groupedRow computes row oy of image n of y, one value after the other.
func (o Conv2D) groupedRow(x, w, y *Array, n, oy int) {
	kh, kw, rows := w.Shape[0], w.Shape[1], w.Shape[2]
	in, out := x.Shape[3]/o.Groups, y.Shape[3]/o.Groups
	for ox := range y.Shape[2] {
		for ky := range kh {
			for kx := range kw {
				iy, ix := oy*o.Stride[0]+ky-o.Pad[0], ox*o.Stride[1]+kx-o.Pad[1]
				if iy < 0 || ix < 0 || iy >= x.Shape[1] || ix >= x.Shape[2] {
					continue
				}
				v := x.Row((n*x.Shape[1]+iy)*x.Shape[2] + ix)
				sum := y.Row((n*y.Shape[1]+oy)*y.Shape[2] + ox)
				for c := range in {
					for k, tap := range w.Row((ky*kw+kx)*rows + c) {
						sum[k] += v[k/out*in+c] * tap
					}
				}
			}
		}
	}
}

// addProduct adds four values times four rows to y.
func addProduct(y, a []float64, rows [4][]float64) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	r0, r1, r2, r3 := rows[0][:len(y)], rows[1][:len(y)], rows[2][:len(y)], rows[3][:len(y)]
	for i := range y {
		y[i] += a0*r0[i] + a1*r1[i] + a2*r2[i] + a3*r3[i]
	}
}

// addPair is addProduct of a to y and of b to z, reading the rows once.
func addPair(y, z, a, b []float64, rows [4][]float64) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	z = z[:len(y)]
	r0, r1, r2, r3 := rows[0][:len(y)], rows[1][:len(y)], rows[2][:len(y)], rows[3][:len(y)]
	for i := range y {
		v0, v1, v2, v3 := r0[i], r1[i], r2[i], r3[i]
		y[i] += a0*v0 + a1*v1 + a2*v2 + a3*v3
		z[i] += b0*v0 + b1*v1 + b2*v2 + b3*v3
	}
}

// parallelRows calls f with 0 to n-1, each once, on all cores.
func parallelRows(n int, f func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wait.Wait()
}
