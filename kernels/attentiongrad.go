package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// AttentionGrad is the gradient of Attn. Inputs: those of Attn, in its order, its
// output o and the gradient do by it. Outputs: dq, dk and dv, or with a packed order
// one gradient like the packed input. With w_ij the weights of the keys,
//
//	dv_j = sum_i b_ij w_ij do_i
//	e_ij = w_ij (b_ij do_i.v_j - do_i.o_i)
//	dq_i = Scale sum_j e_ij k_j, dk_j = Scale sum_i e_ij q_i
//
// where b_ij is what the dropout multiplies with, 1 without one.
// The matrices are never stored: weights are made again from the maximum and the sum
// of every query (Dao et al. 2022). Neither the mask nor the key has a gradient.
type AttentionGrad struct{ Attn Attention }

func (o AttentionGrad) Name() string { return "attentiongrad" }

func (o AttentionGrad) Infer(in []Tensor) ([]Tensor, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("%w: %d inputs, want those of attention, its output and a gradient", ErrShape, len(in))
	}
	first := len(in) - 2
	y, err := o.Attn.Infer(in[:first])
	if err != nil {
		return nil, err
	}
	if in[first] != y[0] || in[first+1] != y[0] {
		return nil, fmt.Errorf("%w: output %v and gradient %v, want %v", ErrShape, in[first], in[first+1], y[0])
	}
	return in[:o.Attn.sources():o.Attn.sources()], nil
}

// sources is the number of inputs that hold queries, keys and values.
func (o Attention) sources() int {
	if o.Order == Separate {
		return 3
	}
	return 1
}

// Record makes three passes: maximum and sum of every query, then the gradients by
// queries, then those by keys and values.
func (o AttentionGrad) Record(t Target, in, out []Tensor) (Record, error) {
	a, y := o.Attn, in[len(in)-1].Shape
	queries, keys := a.tokens(in)
	d := y[3] / a.Heads
	threads, own, packed := 64, 1, 1
	if t.CPU {
		// More would be a little faster and take seconds longer to compile.
		threads, own = 8, max(1, min(4, 64/d))
	}
	// The statistics of every query, with the key of the dropout behind them.
	rec := Record{Temps: []int{16 * (y[0]*a.Heads*queries + 1)}}
	q, keySource, values, dk := In(0), In(0), In(0), Out(0)
	var dv Operand
	if a.Order == Separate {
		packed, keySource, values, dk, dv = 0, In(1), In(2), Out(1), Out(2)
	} else {
		dv = optional(&rec, -1)
	}
	mask, key := optional(&rec, a.maskInput()), optional(&rec, a.keyInput())
	output, grad := In(len(in)-2), In(len(in)-1)
	add := func(shader string, tokens int, bind ...Operand) error {
		tiles := y[0] * a.Heads * ceilDiv(tokens, threads*own)
		groups, err := t.Grid(tiles)
		p := a.params(in, y)
		p.Tiles = uint32(tiles)
		rec.Steps = append(rec.Steps, Dispatch{
			Shader: shader,
			Set: append(a.features(), shaders.Int("D4", d/4), shaders.Int("THREADS", threads),
				shaders.Int("OWN", own), shaders.Int("ACC", own*d/4)),
			Bind:    append([]Operand{q, keySource, values, mask}, bind...),
			Uniform: p,
			Groups:  groups,
		})
		return err
	}
	if err := add("attentiongrad_stats.wgsl", queries, output, grad, key, Temp(0)); err != nil {
		return Record{}, err
	}
	if err := add("attentiongrad_query.wgsl", queries, grad, Temp(0), Out(0)); err != nil {
		return Record{}, err
	}
	err := add("attentiongrad_key.wgsl", keys, grad, Temp(0), dk, dv)
	last := &rec.Steps[len(rec.Steps)-1]
	last.Set = append(last.Set, shaders.Int("PACKED", packed))
	return rec, err
}

func (o AttentionGrad) Reference(in, out []*Array) {
	a, first := o.Attn, len(in)-2
	var ts []Tensor
	for _, x := range in[:first] {
		ts = append(ts, x.Tensor)
	}
	queries, keys := a.tokens(ts)
	y, dy := in[first], in[first+1]
	d := y.Shape[3] / a.Heads
	head, kFirst, vFirst := a.strides(d)
	q, k, v, dq, dk, dv := in[0], in[0], in[0], out[0], out[0], out[0]
	if a.Order == Separate {
		k, v, dk, dv = in[1], in[2], out[1], out[2]
	}
	weights, by := make([]float64, keys), a.factors(in)
	for n := range y.Shape[0] {
		for h := range a.Heads {
			part := func(x *Array, row, first int) []float64 { return x.Row(row)[h*head+first:][:d] }
			for i := range queries {
				row := n*queries + i
				top, sum := math.Inf(-1), 0.0
				for j := range weights {
					weights[j] = a.scale(d) * dot(part(q, row, 0), part(k, n*keys+j, kFirst))
					if at := a.maskInput(); at >= 0 {
						if m := in[at].Row(i)[j]; m <= -1e30 {
							weights[j] = math.Inf(-1)
						} else {
							weights[j] += m
						}
					}
					top = max(top, weights[j])
				}
				if math.IsInf(top, -1) {
					continue
				}
				for j, w := range weights {
					weights[j] = math.Exp(w - top)
					sum += weights[j]
				}
				g, own := dy.Row(row)[h*d:][:d], dot(dy.Row(row)[h*d:][:d], y.Row(row)[h*d:][:d])
				for j, w := range weights {
					w /= sum
					b := by.of((n*a.Heads+h)*queries+i, j)
					e := a.scale(d) * w * (b*dot(g, part(v, n*keys+j, vFirst)) - own)
					for c := range d {
						part(dv, n*keys+j, vFirst)[c] += b * w * g[c]
						part(dq, row, 0)[c] += e * part(k, n*keys+j, kFirst)[c]
						part(dk, n*keys+j, kFirst)[c] += e * part(q, row, 0)[c]
					}
				}
			}
		}
	}
}

// Flops implements Counted: the weights, their gradients, and the sums by queries, keys
// and values.
func (o AttentionGrad) Flops(in, _ []Tensor) float64 {
	_, keys := o.Attn.tokens(in)
	return 10 * float64(in[len(in)-1].Shape.Elems()) * float64(keys)
}

func init() {
	// of adds the output, which is computed, and a gradient to the inputs of attn.
	of := func(name string, attn Attention, fill func(*rand.Rand, []*Array), in ...Tensor) Case {
		y, err := attn.Infer(in)
		if err != nil {
			panic("kernels: attentiongrad: " + name + ": " + err.Error())
		}
		n := len(in)
		return Case{
			Name: name, Op: AttentionGrad{attn}, In: append(in, y[0], y[0]),
			Fill: func(r *rand.Rand, in []*Array) {
				if fill != nil {
					fill(r, in)
				}
				for _, a := range in {
					a.Round()
				}
				in[n] = NewArray(in[n].Tensor)
				attn.Reference(in[:n], in[n:n+1])
			},
		}
	}
	packed := func(name string, order AttentionOrder, heads, n, h, w, c int) Case {
		return of(name, Attention{Heads: heads, Order: order}, nil, Float(n, h, w, 3*c))
	}
	cross := func(name string, heads, n, queries, keys, c int, mask bool, fill func(*rand.Rand, []*Array)) Case {
		in := []Tensor{Float(n, 1, queries, c), Float(n, 1, keys, c), Float(n, 1, keys, c)}
		if mask {
			in = append(in, Float(1, 1, queries, keys))
		}
		return of(name, Attention{Heads: heads, Mask: mask}, fill, in...)
	}
	hide := func(r *rand.Rand, in []*Array) {
		for i := range in[3].Shape.Pixels() {
			for j, row := 0, in[3].Row(i); j < len(row); j++ {
				if i%5 == 0 || (i+j)%3 == 0 {
					row[j] = [...]float64{math.Inf(-1), -1e30}[j%2]
				}
			}
		}
	}
	dropped := func(name string, attn Attention, p float64, fill func(*rand.Rand, []*Array), in ...Tensor) Case {
		attn.Drop = Dropout{p, 1 << 31}
		return of(name, attn, fill, append(in, Uint(1, 1, 1, 4))...)
	}
	tokens := cross("masked 8x196 tokens, 8 heads of 32", 8, 8, 196, 196, 256, true, hide)
	pixels := packed("4x196 tokens, 4 heads of 32", Legacy, 4, 4, 14, 14, 128)
	for _, c := range []*Case{&tokens, &pixels} {
		c.Bench, c.Flops = true, c.Op.(AttentionGrad).Flops(c.In, nil)
	}
	register(Entry{
		Name: "attentiongrad", Class: Contraction,
		Files: []string{"attentiongrad_stats.wgsl", "attentiongrad_query.wgsl", "attentiongrad_key.wgsl"},
		Cases: []Case{
			packed("one token", Legacy, 1, 1, 1, 1, 4),
			packed("legacy 7x7, 2 heads of 20", Legacy, 2, 2, 7, 7, 40),
			packed("new 5x7, 2 heads of 64", New, 2, 1, 5, 7, 128),
			packed("legacy 3x3, 1 head of 128", Legacy, 1, 1, 3, 3, 128),
			cross("cross 5 to 33", 3, 2, 5, 33, 60, false, nil),
			cross("cross 65 to 7 with mask", 2, 2, 65, 7, 40, true, nil),
			cross("hidden keys and queries without any", 1, 1, 40, 37, 20, true, hide),
			dropped("dropout of a fifth, legacy 7x7, 2 heads of 20", Attention{Heads: 2, Order: Legacy}, 0.2, nil, Float(2, 7, 7, 120)),
			dropped("dropout of a half, hidden keys", Attention{Heads: 1, Mask: true}, 0.5, hide, Float(2, 1, 40, 20), Float(2, 1, 37, 20), Float(2, 1, 37, 20), Float(1, 1, 40, 37)),
			tokens, pixels,
		},
		Random: func(r *rand.Rand) Case {
			// Few head dimensions: each is a shader to compile.
			heads, c := 1+r.IntN(3), []int{4, 20, 36}[r.IntN(3)]
			if order := AttentionOrder(r.IntN(int(attentionOrders))); order != Separate {
				return packed("", order, heads, extent(r, 2), extent(r, 8), extent(r, 8), heads*c)
			}
			if n, q, k := extent(r, 2), extent(r, 65), extent(r, 65); r.IntN(4) == 0 {
				return dropped("", Attention{Heads: heads}, r.Float64(), nil, Float(n, 1, q, heads*c), Float(n, 1, k, heads*c), Float(n, 1, k, heads*c))
			}
			return cross("", heads, extent(r, 2), extent(r, 65), extent(r, 65), heads*c, r.IntN(2) == 1, nil)
		},
	})
}
