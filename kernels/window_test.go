package kernels

import (
	"fmt"
	"testing"

	"github.com/drdc-dev/drdc/shaders"
)

// TestWindows checks that every range of an operand lies in the window that at gives,
// and that windows are those that a device takes.
func TestWindows(t *testing.T) {
	for _, align := range []int{16, 32, 256} {
		target := DefaultTarget()
		target.Align, target.Windows = align, true
		for _, vectors := range []int{1, 36, 4095, 4096, 4097, 4103, 9000, 100 * 4096} {
			w := target.windows(In(0), vectors)
			for _, step := range []int{1, 3, 16, 20, 64} {
				n := w.fits(step)
				for first := 0; first < vectors; first += step * (1 + vectors/40/step) {
					end := min(vectors, first+n)
					bind, begin := w.at(first, end)
					switch start := first - begin; {
					case bind.Offset != 16*start || start%(align/16) != 0:
						t.Errorf("%d vectors: a window at byte %d for vector %d, which is number %d in it, alignment %d", vectors, bind.Offset, first, begin, align)
					case bind.Size != 64<<10 || bind.Offset+bind.Size > target.Room(16*vectors):
						t.Errorf("%d vectors: a window of %d bytes at %d", vectors, bind.Size, bind.Offset)
					case begin < 0 || end-start > maxWindow:
						t.Errorf("%d vectors: %d to %d are not in the window at %d", vectors, first, end, start)
					case !bind.Uniform:
						t.Errorf("%d vectors: no uniform", vectors)
					}
				}
			}
		}
	}
}

// TestWinogradWindows checks that the layers of a U-Net are read through windows where
// uniforms are fast, and that a dispatch never writes what another operand of it reads as a uniform.
func TestWinogradWindows(t *testing.T) {
	target := DefaultTarget()
	target.CPU, target.Windows = true, true
	expanded := map[string]shaders.Source{}
	same := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
	k3 := [2]int{3, 3}
	for _, c := range []Case{
		same.conv([3]int{1, 224, 224}, k3, [2]int{64, 64}, F32),
		same.join([3]int{2, 224, 224}, k3, 128, 128, 128, F32),
		same.conv([3]int{1, 56, 56}, k3, [2]int{192, 192}, F32),
		same.join([3]int{1, 28, 28}, k3, 512, 512, 512, F32),
		same.conv([3]int{1, 14, 14}, k3, [2]int{256, 256}, F32),
		same.conv([3]int{2, 7, 7}, k3, [2]int{256, 256}, F32),
	} {
		for _, o := range []Winograd{{Tile: 2}, {Tile: 4}, {Tile: 4, Raw: true}} {
			c := o.from(c)
			out, err := c.Op.Infer(c.In)
			if err != nil {
				t.Fatal(err)
			}
			rec, err := c.Op.Record(target, c.In, out)
			if err != nil {
				t.Fatal(err)
			}
			windows := 0
			for _, d := range rec.Steps {
				key := fmt.Sprint(d.Shader, d.Set)
				if _, ok := expanded[key]; !ok {
					if expanded[key], err = shaders.Expand(d.Shader, d.Set, nil); err != nil {
						t.Fatal(err)
					}
				}
				src := expanded[key]
				for _, b := range d.Bind {
					if !b.Uniform {
						continue
					}
					windows++
					for i, other := range d.Bind {
						if src.Bindings[i].Access == shaders.ReadWrite && other.Kind == b.Kind && other.Index == b.Index {
							t.Errorf("%v, %+v: %s binds %v %d as a uniform and writes it", c.In, o, d.Shader, b.Kind, b.Index)
						}
					}
				}
			}
			if windows == 0 {
				t.Errorf("%v, %+v: no windows", c.In, o)
			}
		}
	}
}
