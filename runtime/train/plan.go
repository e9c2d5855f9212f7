package train

import (
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Options says how to train.
type Options struct {
	AdamW    AdamW
	Schedule Schedule               // nil: constant
	Passes   int                    // batches whose gradients make a step; 0 stands for 1
	EMA      float64                // share of the old weights in a moving average, such as 0.9999; 0: none
	Warmup   bool                   // of the average: at step n the share is at most n/(9+n), so that early weights fade
	Keep     func(graph.Param) bool // parameters to train; nil: all
	// Recompute is the number of segments of the forward pass that keep only what others
	// read (graph.Graph.Recompute): time for memory, the same losses. 0 and 1 keep all.
	Recompute int
}

// MaxRecompute bounds Options.Recompute.
const MaxRecompute = 1 << 16

func (o Options) validate() error {
	if o.Passes < 0 || o.Passes > 1<<20 {
		return fmt.Errorf("train: %d passes for a step, want 1 to %d", o.Passes, 1<<20)
	}
	if o.Recompute < 0 || o.Recompute > MaxRecompute {
		return fmt.Errorf("train: %d segments to compute again, want 0 to %d", o.Recompute, MaxRecompute)
	}
	if !(o.EMA >= 0 && o.EMA < 1) {
		return fmt.Errorf("train: moving average %g, want 0 to below 1", o.EMA)
	}
	return o.AdamW.Validate()
}

// share is that of the old weights in the moving average at a step, counted from 1.
func (o Options) share(step int) float64 {
	if n := float64(step); o.Warmup {
		return min(o.EMA, n/(9+n))
	}
	return o.EMA
}

// Names of inputs, outputs and states. States are stored beside the tensors they
// belong to, in parts of their own.
const (
	lossOutput   = "train.loss"
	squareOutput = "train.square"
	adamwInput   = "train.adamw"
	sumInput     = "train.sum"
	firstMoment  = "adamw.m."
	secondMoment = "adamw.v."
	average      = "ema."
	stepTensor   = "adamw.step"
	updateScope  = "update" // of the operations that come after the gradients
)

// Plan is training that fits a device; it holds no device memory.
type Plan struct {
	options Options
	build   func(*graph.Graph) graph.Value
	limits  graph.Limits
	pass    *graph.Graph // forward, backward and, with one pass for a step, the step
	step    *graph.Graph // the step after several passes, or nil
	plans   []*graph.Plan
	params  []places // of the trained parameters, in order
}

// New plans training by the loss that build returns, [1, 1, 1, 1]; build declares
// the inputs and is called again to look for the place of a NaN. Names that begin
// with "train.", "adamw." or "ema." are taken. Errors wrap graph.ErrMemory,
// kernels.ErrGradient and those of building.
func New(build func(*graph.Graph) graph.Value, l graph.Limits, o Options) (*Plan, error) {
	if o.Passes == 0 {
		o.Passes = 1
	}
	if o.Schedule == nil {
		o.Schedule = Constant()
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Plan{options: o, build: build, limits: l, pass: graph.New()}
	loss := build(p.pass)
	p.pass.Output(lossOutput, loss)
	p.pass.Recompute(o.Recompute)
	grads := p.pass.ParamGrads(loss, o.Keep)
	if err := p.pass.Err(); err != nil {
		return nil, err
	}
	if len(grads) == 0 {
		return nil, fmt.Errorf("train: the loss depends on no parameter that is to be trained")
	}
	for i, d := range grads {
		at, err := findPlaces(d.Param)
		if err != nil {
			return nil, err
		}
		if at.holes {
			mask := p.pass.Param(graph.Param{
				Name: "train.mask." + d.Param.Name, Tensor: d.Param.Tensor,
				Pack: func([][]float32) []float32 { return at.mask() },
			})
			grads[i].Grad = p.pass.Apply(kernels.Binary{Op: kernels.Mul}, d.Grad, mask)
		}
		p.params = append(p.params, at)
	}
	graphs := []*graph.Graph{p.pass}
	if o.Passes == 1 {
		// A loss that is not finite stops the update too.
		p.optimise(p.pass, grads, p.pass.Apply(kernels.Repeat{Shape: kernels.Shape{1, 1, 1, 1}}, loss))
	} else {
		p.step = graph.New()
		p.accumulate(grads)
		graphs = append(graphs, p.step)
	}
	for _, g := range graphs {
		plan, err := g.Plan(l)
		if err != nil {
			return nil, err
		}
		p.plans = append(p.plans, plan)
	}
	if m := p.Memory(); l.Memory > 0 && m.Peak() > l.Memory {
		return nil, fmt.Errorf("train: %w: training needs %v, available are %d MiB", graph.ErrMemory, m, l.Memory>>20)
	}
	return p, nil
}

// accumulate adds the gradients of the passes up and builds the step from the sums.
func (p *Plan) accumulate(grads []graph.ParamGrad) {
	coef := p.pass.Input(sumInput, kernels.Float(1, 1, 1, 2))
	sums := make([]graph.ParamGrad, len(grads))
	for i, d := range grads {
		sum := graph.Param{
			Name: "train.sum." + d.Param.Name, Tensor: d.Param.Tensor,
			Pack: func([][]float32) []float32 { return make([]float32, d.Param.Tensor.Shape.Padded()) },
		}
		p.pass.Update(kernels.Blend{}, p.pass.Param(sum), d.Grad, coef)
		sums[i] = graph.ParamGrad{Param: d.Param, Value: p.step.Param(d.Param), Grad: p.step.Param(sum)}
	}
	p.optimise(p.step, sums)
}

// optimise adds a step of AdamW and of the moving average to g. The squared norm of
// the gradients is added to square, where there is one.
func (p *Plan) optimise(g *graph.Graph, grads []graph.ParamGrad, square ...graph.Value) {
	defer g.Scope(updateScope)()
	for _, d := range grads {
		square = []graph.Value{g.Apply(kernels.SumSquares{}, append([]graph.Value{d.Grad}, square...)...)}
	}
	g.Output(squareOutput, square[0])
	settings := g.Input(adamwInput, kernels.Float(1, 1, 1, 10))
	for _, d := range grads {
		in := []graph.Value{d.Value, g.Param(state(d.Param, firstMoment)), g.Param(state(d.Param, secondMoment))}
		op := kernels.AdamW{Average: p.options.EMA > 0}
		if op.Average {
			in = append(in, g.Param(state(d.Param, average)))
		}
		g.Update(op, append(in, d.Grad, square[0], settings)...)
	}
}

// state is a parameter like p whose stored tensors have a prefix.
func state(p graph.Param, prefix string) graph.Param {
	from := make([]graph.Source, len(p.From))
	for i, s := range p.From {
		from[i] = graph.Source{Name: prefix + s.Name, Shape: s.Shape}
	}
	p.Name, p.From = prefix+p.Name, from
	return p
}

// Memory reports what Load will allocate.
func (p *Plan) Memory() graph.Memory {
	var m graph.Memory
	params := map[string]int{}
	for i, g := range p.graphs() {
		for _, q := range g.Params() {
			params[q.Name] = q.Tensor.Bytes()
		}
		own := p.plans[i].Memory()
		m.IO, m.Arenas, m.Live = m.IO+own.IO, m.Arenas+own.Arenas, max(m.Live, own.Live)
	}
	for _, n := range params {
		m.Params += n
	}
	return m
}

// Inputs describes the inputs that the network declared, which each pass needs.
func (p *Plan) Inputs() map[string]kernels.Tensor {
	m := p.pass.Inputs()
	for _, own := range []string{adamwInput, sumInput} {
		delete(m, own)
	}
	return m
}

func (p *Plan) graphs() []*graph.Graph {
	if p.step == nil {
		return []*graph.Graph{p.pass}
	}
	return []*graph.Graph{p.pass, p.step}
}

// stored lists the tensors of the network itself.
func (p *Plan) stored() []graph.Source {
	var list []graph.Source
	seen := map[string]bool{}
	for _, q := range p.pass.Params() {
		for _, s := range q.From {
			if part, _, _ := strings.Cut(s.Name, "."); part+"." == average || part == "adamw" || seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			list = append(list, s)
		}
	}
	return list
}
