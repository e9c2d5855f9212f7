package diffusion

import (
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// A second implementation of method 4.7, as straightforward as its listing, in
// float64 on lists of pixels, with the second implementation of the random numbers.

// picture has rows of pixels of three channels.
type picture struct {
	size int
	v    []float64
}

func newPicture(size int) picture { return picture{size, make([]float64, size*size*3)} }

func (p picture) at(y, x, c int) float64 {
	if y < 0 || x < 0 || y >= p.size || x >= p.size {
		return 0
	}
	return p.v[(y*p.size+x)*3+c]
}

// network is the denoiser of the tests: a 3x3 convolution of image and condition,
// scaled by the timestep's index.
type network struct{ weight []float32 } // [3, 6, 3, 3]

func newNetwork() network {
	r := rand.New(rand.NewPCG(3, 4))
	n := network{make([]float32, 3*6*9)}
	for i := range n.weight {
		n.weight[i] = float32(r.NormFloat64() / 6)
	}
	return n
}

const indexScale = 1.0 / 128 // exact in float32

// Denoise implements Denoiser.
func (n network) Denoise(g *graph.Graph, in Noisy) graph.Value {
	shape := [4]int{3, 6, 3, 3}
	w := g.Param(graph.Param{
		Name: "weight", Tensor: kernels.Tensor{Shape: kernels.ConvShape(shape, 3)}, From: []graph.Source{{Name: "weight", Shape: shape[:]}},
		Pack: func(from [][]float32) []float32 { return kernels.PackConv(from[0], shape, 3) },
	})
	scale := g.Param(graph.Param{Name: "scale", Tensor: kernels.Float(1, 1, 1, 1), Pack: func([][]float32) []float32 { return []float32{indexScale, 0, 0, 0} }})
	y := g.Apply(kernels.Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Two: true}, in.X, in.Condition, w)
	mul := kernels.Binary{Op: kernels.Mul}
	return g.Apply(mul, y, g.Apply(mul, in.Index, scale))
}

func (n network) store() graph.Values {
	return graph.Values{"weight": {Shape: []int{3, 6, 3, 3}, Data: n.weight}}
}

func (n network) plain(x, condition picture, t int) picture {
	y := newPicture(x.size)
	for i := range x.size {
		for j := range x.size {
			for o := range 3 {
				sum := 0.0
				for c := range 6 {
					from := x
					if c > 2 {
						from = condition
					}
					for a := range 3 {
						for b := range 3 {
							sum += float64(n.weight[((o*6+c)*3+a)*3+b]) * from.at(i+a-1, j+b-1, c%3)
						}
					}
				}
				y.v[(i*x.size+j)*3+o] = sum * float64(t-1) * indexScale
			}
		}
	}
	return y
}

// plainNoise is a picture of noise from the text of doc.go.
func plainNoise(k0, k1 int64, purpose, k, set, t, size int) picture {
	z := newPicture(size)
	for q := range size * size {
		v := textNoise(k0, k1, int64(purpose), int64(k), int64(set), int64(t), int64(q))
		copy(z.v[3*q:], v[:])
	}
	return z
}

// plainHidden says which pixels set i hides.
func plainHidden(k0, k1 int64, k, n, i, size int) []bool {
	side := size / k
	m := side * side
	hidden := make([]bool, size*size)
	place := 0
	p := textCells(k0, k1, int64(k), int64(m))
	for set := range n {
		count := m / n
		if set < m%n {
			count++
		}
		for range count {
			if set == i {
				row, column := int(p[place])/side*k, int(p[place])%side*k
				for y := range k {
					for x := range k {
						hidden[(row+y)*size+column+x] = true
					}
				}
			}
			place++
		}
	}
	return hidden
}

// plainMaps is the loop: the maps in the order of Config.Maps.
func plainMaps(c Config, abar func(t int) float64, eps func(x, condition picture, t int) picture, x0 picture, digest []byte) [][]float64 {
	k0, k1 := textKey(digest, int64(c.Seed))
	size := x0.size
	pred := map[[2]int]picture{} // by timestep and cell size
	for _, k := range c.Cells {
		for _, t := range c.Timesteps {
			pred[[2]int{t, k}] = newPicture(size)
		}
		for i := range c.Sets {
			hidden := plainHidden(k0, k1, k, c.Sets, i, size)
			z := plainNoise(k0, k1, 2, k, i, 0, size)
			xc := newPicture(size)
			for j := range xc.v {
				if xc.v[j] = x0.v[j]; hidden[j/3] {
					xc.v[j] = z.v[j]
				}
			}
			from := x0
			if c.Init == NoisedCondition {
				from = xc
			}
			noised := func(from picture, t int) picture {
				stream := t
				if c.Noise == Fixed {
					stream = 0
				}
				n := plainNoise(k0, k1, 3, k, i, stream, size)
				y := newPicture(size)
				for j := range y.v {
					y.v[j] = math.Sqrt(abar(t))*from.v[j] + math.Sqrt(1-abar(t))*n.v[j]
				}
				return y
			}
			x := noised(from, c.Timesteps[0])
			for step, t := range c.Timesteps {
				if c.Sampler == Parallel {
					x = noised(from, t)
				}
				condition := xc
				if c.Condition == PureNoise {
					condition = z
				}
				e := eps(x, condition, t)
				p := newPicture(size)
				for j := range p.v {
					p.v[j] = min(max((x.v[j]-math.Sqrt(1-abar(t))*e.v[j])/math.Sqrt(abar(t)), -1), 1)
					if hidden[j/3] {
						pred[[2]int{t, k}].v[j] += p.v[j]
					}
				}
				if c.Sampler == DDIM && step+1 < len(c.Timesteps) {
					next := c.Timesteps[step+1]
					known := noised(x0, next)
					for j := range x.v {
						e2 := (x.v[j]/math.Sqrt(abar(t)) - p.v[j]) / math.Sqrt(1/abar(t)-1)
						u := math.Sqrt(abar(next))*p.v[j] + math.Sqrt(1-abar(next))*e2
						if x.v[j] = known.v[j]; hidden[j/3] {
							x.v[j] = u
						}
					}
				}
			}
		}
	}
	var maps [][]float64
	for _, m := range c.Maps() {
		maps = append(maps, plainDifference(x0, pred[[2]int{m.Timestep, m.Cell}], m.Scale))
	}
	return maps
}

// plainDifference is Eq. 14 at one scale.
func plainDifference(a, b picture, s int) []float64 {
	small := a.size / s
	d := make([]float64, small*small)
	for y := range small {
		for x := range small {
			sum := 0.0
			for c := range 3 {
				mean := 0.0
				for i := range s {
					for j := range s {
						mean += (a.at(y*s+i, x*s+j, c) - b.at(y*s+i, x*s+j, c)) / float64(s*s)
					}
				}
				sum += mean * mean
			}
			d[y*small+x] = math.Sqrt(sum)
		}
	}
	up := make([]float64, a.size*a.size)
	for y := range a.size {
		for x := range a.size {
			v, u := max((float64(y)+0.5)/float64(s)-0.5, 0), max((float64(x)+0.5)/float64(s)-0.5, 0)
			y0, x0 := int(v), int(u)
			y1, x1 := min(y0+1, small-1), min(x0+1, small-1)
			fy, fx := v-float64(y0), u-float64(x0)
			up[y*a.size+x] = (1-fy)*((1-fx)*d[y0*small+x0]+fx*d[y0*small+x1]) + fy*((1-fx)*d[y1*small+x0]+fx*d[y1*small+x1])
		}
	}
	return up
}

// plainHeatmap is Eq. 15 to 17 and the score.
func plainHeatmap(maps [][]float64, base []float64, size, filter int, alpha float64) (heatmap []float64, score float64) {
	mean := make([]float64, size*size)
	for _, m := range maps {
		for i, v := range m {
			mean[i] += v / float64(len(maps))
		}
	}
	around := func(v []float64, y0, y1, x0, x1 int) float64 {
		sum, n := 0.0, 0
		for y := max(y0, 0); y < min(y1, size); y++ {
			for x := max(x0, 0); x < min(x1, size); x++ {
				sum, n = sum+v[y*size+x], n+1
			}
		}
		return sum / float64(n)
	}
	heatmap = make([]float64, size*size)
	r := filter / 2
	for y := range size {
		for x := range size {
			heatmap[y*size+x] = alpha*around(mean, y-r, y+r+1, x-r, x+r+1) + (1-alpha)*base[y*size+x]
		}
	}
	score = math.Inf(-1)
	for y := range size - 15 {
		for x := range size - 15 {
			score = max(score, around(heatmap, y, y+16, x, x+16))
		}
	}
	return heatmap, score
}
