package train

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/mobilenet"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
	"github.com/drdc-dev/drdc/runtime/model/unet"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
)

// batches is BATCHES of gen_train.py.
const batches = 3

// golden is a case of testdata/golden/train/train.json, made by gen_train.py with the
// seed of ../models/common.py.
type golden struct {
	Name             string
	Config           json.RawMessage
	Inputs           map[string][]int // NCHW shapes
	LR, Decay, Clip  float64
	Every, Passes    int
	Losses, Norms    []float64
	build            func(*graph.Graph) graph.Value
	sources          []graph.Source
	prefix           string
	fixedInputValues map[string]*kernels.Array
	keys             map[string][4]uint32 // of random numbers: the batch and the image are the last two words
}

func goldens(t *testing.T) []golden {
	t.Helper()
	b, err := os.ReadFile("../../testdata/golden/train/train.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []golden }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("train.json has no cases")
	}
	for i := range file.Cases {
		file.Cases[i].network(t)
	}
	return file.Cases
}

// network fills in what the case trains.
func (c *golden) network(t *testing.T) {
	t.Helper()
	decode := func(config any) {
		if err := json.Unmarshal(c.Config, config); err != nil {
			t.Fatal(err)
		}
	}
	switch c.Name {
	case "uniad":
		var config uniad.Config
		decode(&config)
		c.prefix, c.sources = "base.", config.Tensors()
		c.build = func(g *graph.Graph) graph.Value {
			x := g.Input("x", c.tensor("x"))
			noisy := g.Apply(kernels.Binary{Op: kernels.Add}, x, g.Input("jitter", c.tensor("jitter")))
			return MSE(g, config.Build(g, uniad.Options{Prefix: c.prefix}, noisy), x)
		}
	case "uniad with jitter and dropout":
		var config struct {
			uniad.Config
			Dropout, Jitter float64
		}
		decode(&config)
		c.prefix, c.sources = "base.", config.Tensors()
		c.keys = map[string][4]uint32{"drop": {5, 7}, "jitter": {11, 13}}
		c.build = func(g *graph.Graph) graph.Value {
			x := g.Input("x", c.tensor("x"))
			drop := uniad.Dropout{P: config.Dropout, Key: g.Input("drop", kernels.Uint(1, 1, 1, 4))}
			noisy := uniad.Jitter(g, x, g.Input("jitter", kernels.Uint(g.Tensor(x).Shape[0], 1, 1, 4)), config.Jitter)
			return MSE(g, config.Build(g, uniad.Options{Prefix: c.prefix, Dropout: drop}, noisy), x)
		}
	case "mobilenet":
		var config mobilenet.Config
		decode(&config)
		c.prefix, c.sources = "backbone.", config.Tensors()
		c.build = func(g *graph.Graph) graph.Value {
			taps := config.Build(g, mobilenet.Options{Prefix: c.prefix}, g.Input("x", c.tensor("x")))
			return MSE(g, taps[0], g.Input("y", c.tensor("y")))
		}
	case "unet":
		var config unet.Config
		decode(&config)
		c.prefix, c.sources = "refiner.", config.Tensors()
		steps := kernels.NewArray(kernels.Float(2, 1, 1, 1))
		steps.Set(0, 0, 0, 0, 249)
		steps.Set(1, 0, 0, 0, 24)
		c.fixedInputValues = map[string]*kernels.Array{"t": steps}
		c.build = func(g *graph.Graph) graph.Value {
			eps := config.Build(g, unet.Options{Prefix: c.prefix, Trainable: true}, g.Input("t", steps.Tensor),
				g.Input("x_t", c.tensor("x_t")), g.Input("x_c", c.tensor("x_c")))
			return MSE(g, eps, g.Input("noise", c.tensor("noise")))
		}
	default:
		net := convnet{prefix: "net."}
		net.build(graph.New(), c.tensor("x"))
		c.prefix, c.sources = net.prefix, net.sources
		c.build = func(g *graph.Graph) graph.Value {
			return MSE(g, (&convnet{prefix: "net."}).build(g, c.tensor("x")), g.Input("y", c.tensor("y")))
		}
	}
}

// convnet is the small network of gen_train.py.
type convnet struct {
	prefix  string
	sources []graph.Source
}

func (n *convnet) build(g *graph.Graph, x kernels.Tensor) graph.Value {
	vector := func(name string, c int) graph.Value {
		src := graph.Source{Name: name, Shape: []int{c}}
		n.sources = append(n.sources, src)
		src.Name = n.prefix + name
		return g.Param(graph.Param{Name: src.Name, Tensor: kernels.Float(1, 1, 1, c), From: []graph.Source{src},
			Pack: func(from [][]float32) []float32 { return kernels.PackVector(from[0]) }})
	}
	conv := func(name string, op kernels.Conv2D, oihw [4]int, split int, x ...graph.Value) graph.Value {
		src := graph.Source{Name: name + ".weight", Shape: oihw[:]}
		n.sources = append(n.sources, src)
		src.Name = n.prefix + src.Name
		w := g.Param(graph.Param{Name: src.Name, Tensor: kernels.Tensor{Shape: kernels.ConvShape(oihw, split)}, From: []graph.Source{src},
			Pack: func(from [][]float32) []float32 { return kernels.PackConv(from[0], oihw, split) }})
		pad, stride := oihw[2]/2, max(1, op.Stride[0])
		op.Pad, op.Stride, op.Bias, op.Two = [4]int{pad, pad, pad, pad}, [2]int{stride, stride}, true, split > 0
		in := []graph.Value{x[0]}
		if op.Two {
			in = append(in, x[1])
		}
		in = append(in, w, vector(name+".bias", oihw[0]))
		if op.Residual {
			in = append(in, x[len(x)-1])
		}
		return g.Apply(op, in...)
	}
	a := conv("conv1", kernels.Conv2D{Act: kernels.ReLU}, [4]int{10, 3, 3, 3}, 0, g.Input("x", x))
	y := conv("conv2", kernels.Conv2D{Stride: [2]int{2, 2}}, [4]int{24, 10, 3, 3}, 0, a)
	y = g.Apply(kernels.GroupNorm{Groups: 6, Eps: 1e-5, Act: kernels.SiLU}, y, vector("norm.weight", 24), vector("norm.bias", 24))
	y = conv("conv3", kernels.Conv2D{Residual: true}, [4]int{24, 24, 1, 1}, 0, y, y)
	y = g.Apply(kernels.Pool{Kind: kernels.PoolAvg, Window: [2]int{2, 2}, Stride: [2]int{2, 2}}, y)
	y = g.Apply(kernels.Resize{H: x.Shape[1], W: x.Shape[2]}, y)
	return conv("conv4", kernels.Conv2D{}, [4]int{5, 34, 3, 3}, 10, a, y)
}

func (c *golden) tensor(input string) kernels.Tensor {
	s := c.Inputs[input]
	return kernels.Float(s[0], s[2], s[3], s[1])
}

func (c *golden) options() Options {
	a := DefaultAdamW()
	a.LR, a.Decay, a.Clip = c.LR, c.Decay, c.Clip
	return Options{AdamW: a, Schedule: StepDecay(c.Every, 0.5), Passes: c.Passes}
}

func (c *golden) store() graph.Store { return modeltest.Store{Prefix: c.prefix, Sources: c.sources} }

// feed writes batch i.
func (c *golden) feed(t *Trainer, i int) error {
	for name := range c.Inputs {
		x := modeltest.Input(fmt.Sprint(name, i%batches), c.tensor(name))
		if err := t.Write(name, x.Bytes()); err != nil {
			return err
		}
	}
	for name, key := range c.keys {
		n := 1
		if name == "jitter" {
			n = c.Inputs["x"][0]
		}
		k := kernels.NewArray(kernels.Uint(n, 1, 1, 4))
		for image := range n {
			for j, w := range []uint32{key[0], key[1], uint32(i % batches), uint32(image)} {
				k.Set(image, 0, 0, j, float64(w))
			}
		}
		if err := t.Write(name, k.Bytes()); err != nil {
			return err
		}
	}
	for name, x := range c.fixedInputValues {
		if err := t.Write(name, x.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// step trains with the batches that the golden has for the step.
func (c *golden) step(t *testing.T, tr *Trainer) Result {
	t.Helper()
	r, err := tr.Step(context.Background(), func(pass int) error { return c.feed(tr, tr.Steps()*c.Passes+pass) })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T) *gpu.Device {
	t.Helper()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(context.Background(), gpu.Options{Limits: &limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func plan(t *testing.T, dev *gpu.Device, c golden, o Options) *Plan {
	t.Helper()
	p, err := New(c.build, graph.DeviceLimits(dev), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLosses trains each network ten steps and compares every loss with PyTorch's.
func TestLosses(t *testing.T) {
	// f32 against float64: rounding of the gradients, which Adam divides by their size.
	const bound = 1e-4
	dev := open(t)
	for _, c := range goldens(t) {
		t.Run(c.Name, func(t *testing.T) {
			p := plan(t, dev, c, c.options())
			tr, err := p.Load(context.Background(), dev, c.store(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := tr.Close(); err != nil {
					t.Error(err)
				}
			}()
			worst := 0.0
			for i, want := range c.Losses {
				r := c.step(t, tr)
				off := math.Abs(r.Loss/want - 1)
				if worst = max(worst, off); !(off <= bound) {
					t.Errorf("step %d: loss %.9g, PyTorch %.9g: relative error %.2g", r.Step, r.Loss, want, off)
				}
				if off := math.Abs(r.Norm/c.Norms[i] - 1); !(off <= 10*bound) {
					t.Errorf("step %d: norm %.9g, PyTorch %.9g: relative error %.2g", r.Step, r.Norm, c.Norms[i], off)
				}
			}
			t.Logf("worst relative error of a loss %.2g, bound %.2g; %v", worst, bound, p.Memory())
		})
	}
}
