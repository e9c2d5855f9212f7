package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// ErrHeadDim is wrapped, with ErrShape, by the error about channels that do not
// make heads of a multiple of four channels.
var ErrHeadDim = fmt.Errorf("%w: head dimension", ErrShape)

// maxHeadDim is what an invocation can hold in registers.
const maxHeadDim = 256

// AttentionOrder says where queries, keys and values stand (method 3.2).
type AttentionOrder uint8

const (
	Separate AttentionOrder = iota // three inputs, channels (head, ch)
	Legacy                         // one input, channels (head, {q,k,v}, ch): QKVAttentionLegacy
	New                            // one input, channels ({q,k,v}, head, ch): QKVAttention
	attentionOrders
)

func (o AttentionOrder) String() string { return [...]string{"separate", "legacy", "new"}[o] }

// Attention is multi-head attention, o_i = sum_j w_ij v_j with w_ij the softmax
// over j of Scale*q_i.k_j + mask_ij, in every head. Tokens are the pixels of an
// image, row by row. Inputs: q [N, H, W, C], k and v [N, h, w, C], or all three
// packed in one [N, H, W, 3C], by Order; with Mask, [1, 1, H*W, h*w], for all
// images and heads; with Drop the key of Drop. Output [N, H, W, C], channels (head, ch).
//
// A key with a mask of at most -1e30, -Inf too, weighs exactly zero; a query with
// no other key gives zeros. The matrix of the weights is never stored
// (the running softmax of Milakov and Gimelshein 2018).
//
// With Drop.P above 0 the weights are dropped as Drop does with [N, Heads, H*W, h*w],
// after the softmax, as PyTorch's MultiheadAttention does in training.
type Attention struct {
	Heads int // C/Heads is a multiple of 4, at most 256
	Order AttentionOrder
	Mask  bool
	Scale float32 // 0 stands for 1/sqrt(C/Heads)
	Drop  Dropout
}

func (o Attention) Name() string { return "attention" }

func (o Attention) Infer(in []Tensor) ([]Tensor, error) {
	if o.Order >= attentionOrders {
		return nil, fmt.Errorf("%w: attention order %d, want one below %d", ErrShape, o.Order, attentionOrders)
	}
	tokens, parts := 3, 1
	if o.Order != Separate {
		tokens, parts = 1, 3
	}
	types := make([]Type, tokens, tokens+2)
	if o.Mask {
		types = append(types, F32)
	}
	if o.drops() {
		types = append(types, U32)
	}
	if err := want(in, types...); err != nil {
		return nil, err
	}
	y := in[0]
	y.Shape[3] /= parts
	c := y.Shape[3]
	if o.Heads < 1 || c*parts != in[0].Shape[3] || c%o.Heads != 0 {
		return nil, fmt.Errorf("%w: %d channels are not %d x %d heads", ErrHeadDim, in[0].Shape[3], parts, o.Heads)
	}
	if d := c / o.Heads; d%4 != 0 || d > maxHeadDim {
		return nil, fmt.Errorf("%w: %d, want a multiple of 4 up to %d", ErrHeadDim, d, maxHeadDim)
	}
	if math.IsNaN(float64(o.Scale)) || math.IsInf(float64(o.Scale), 0) {
		return nil, fmt.Errorf("%w: scale %g, want a finite one", ErrShape, o.Scale)
	}
	if o.Order == Separate {
		if k := in[1].Shape; k != in[2].Shape || k[0] != y.Shape[0] || k[3] != c {
			return nil, fmt.Errorf("%w: keys %v and values %v, want both [%d, h, w, %d]", ErrShape, k, in[2].Shape, y.Shape[0], c)
		}
	}
	if o.Mask {
		q, k := o.tokens(in)
		if w := (Shape{1, 1, q, k}); in[tokens].Shape != w {
			return nil, fmt.Errorf("%w: mask %v, want %v", ErrShape, in[tokens].Shape, w)
		}
	}
	if o.drops() {
		q, k := o.tokens(in)
		if _, err := o.Drop.Infer([]Tensor{Float(y.Shape[0], o.Heads, q, k), in[len(in)-1]}); err != nil {
			return nil, err
		}
	}
	return []Tensor{y}, nil
}

// Flops implements Counted.
func (o Attention) Flops(in, out []Tensor) float64 {
	queries, keys := o.tokens(in)
	s := out[0].Shape
	return 4 * float64(s[0]*queries) * float64(keys*s[3])
}

// drops reports whether weights are dropped. Drop.Infer refuses what is no
// probability.
func (o Attention) drops() bool { return o.Drop.P != 0 }

// maskInput and keyInput are the places of the mask and of the dropout's key among
// the inputs of an attention, -1 without one.
func (o Attention) maskInput() int {
	if o.Mask {
		return o.sources()
	}
	return -1
}

func (o Attention) keyInput() int {
	switch {
	case !o.drops():
		return -1
	case o.Mask:
		return o.sources() + 1
	}
	return o.sources()
}

// optional returns what binds an input that may be missing, -1, and is then never
// read.
func optional(rec *Record, input int) Operand {
	if input >= 0 {
		return In(input)
	}
	rec.Temps = append(rec.Temps, unread)
	return Temp(len(rec.Temps) - 1)
}

// attentionParams is the uniform of attention's shaders and of their gradients.
type attentionParams struct {
	Tiles, Queries, Keys, Heads, Row, Head, KFirst, VFirst, MaskRow uint32

	Scale float32

	Stream, Threshold uint32

	Keep float32
}

// params are those for tiles of tokens, but for Tiles.
func (o Attention) params(in []Tensor, y Shape) attentionParams {
	queries, keys := o.tokens(in)
	d := y[3] / o.Heads
	head, k, v := o.strides(d)
	p := attentionParams{
		Queries: uint32(queries), Keys: uint32(keys), Heads: uint32(o.Heads), Row: uint32(in[0].Shape.C4()),
		Head: uint32(head / 4), KFirst: uint32(k / 4), VFirst: uint32(v / 4), Scale: float32(o.scale(d)),
	}
	if m := o.maskInput(); m >= 0 {
		p.MaskRow = uint32(4 * in[m].Shape.C4())
	}
	if o.drops() {
		p.Stream, p.Threshold, p.Keep = o.Drop.Stream, o.Drop.threshold(), o.Drop.scale()
	}
	return p
}

// features are the settings for what an attention may have.
func (o Attention) features() []shaders.Setting {
	var set []shaders.Setting
	if o.Mask {
		set = append(set, shaders.Int("MASK", 1))
	}
	if o.drops() {
		set = append(set, shaders.Int("DROP", 1))
	}
	return set
}

// tokens returns the number of queries and of keys in an image.
func (o Attention) tokens(in []Tensor) (queries, keys int) {
	q := in[0].Shape
	if o.Order != Separate {
		return q[1] * q[2], q[1] * q[2]
	}
	k := in[1].Shape
	return q[1] * q[2], k[1] * k[2]
}

// strides returns, in channels, the distance of two heads and where k and v
// begin in a token, for heads of d channels.
func (o Attention) strides(d int) (head, k, v int) {
	switch o.Order {
	case Legacy:
		return 3 * d, d, 2 * d
	case New:
		return d, o.Heads * d, 2 * o.Heads * d
	}
	return d, 0, 0
}

func (o Attention) scale(d int) float64 {
	if o.Scale == 0 {
		return 1 / math.Sqrt(float64(d))
	}
	return float64(o.Scale)
}

func (o Attention) Record(t Target, in, out []Tensor) (Record, error) {
	s := out[0].Shape
	queries, _ := o.tokens(in)
	d := s[3] / o.Heads
	dispatch := Dispatch{Set: append(o.features(), shaders.Int("D4", d/4))}
	perTile := 32
	if t.CPU {
		own := ownQueries(queries, d/4)
		dispatch.Shader, perTile = "attention_rows.wgsl", 8*own
		dispatch.Set = append(dispatch.Set, shaders.Int("OWN", own), shaders.Int("ACC", own*d/4))
	} else {
		chunks := (d + 31) / 32
		dispatch.Shader = "attention.wgsl"
		dispatch.Set = append(dispatch.Set, shaders.Int("CHUNKS", chunks), shaders.Int("ACC", 4*chunks))
	}
	var rec Record
	mask, key := optional(&rec, o.maskInput()), optional(&rec, o.keyInput())
	dispatch.Bind = []Operand{In(0), In(0), In(0), mask, key, Out(0)}
	if o.Order == Separate {
		dispatch.Bind[1], dispatch.Bind[2] = In(1), In(2)
	}
	tiles := s[0] * o.Heads * ((queries + perTile - 1) / perTile)
	p := o.params(in, s)
	p.Tiles = uint32(tiles)
	dispatch.Uniform = p
	var err error
	dispatch.Groups, err = t.Grid(tiles)
	rec.Steps = []Dispatch{dispatch}
	return rec, err
}

// ownQueries is how many queries an invocation of attention_rows.wgsl takes: no more than
// 128 vectors of output allow, and up to 8. A workgroup loads keys and values once for them,
// which costs as much as four queries.
func ownQueries(queries, d4 int) (own int) {
	least := 0
	for n := min(8, 128/d4); n > 0; n-- {
		if cost := ceilDiv(queries, 8*n) * (4 + n); least == 0 || cost < least {
			own, least = n, cost
		}
	}
	return own
}

func (o Attention) Reference(in, out []*Array) {
	var ts []Tensor
	for _, a := range in {
		ts = append(ts, a.Tensor)
	}
	queries, keys := o.tokens(ts)
	s := out[0].Shape
	d := s[3] / o.Heads
	head, kFirst, vFirst := o.strides(d)
	q, k, v := in[0], in[0], in[0]
	if o.Order == Separate {
		k, v = in[1], in[2]
	}
	weights, by := make([]float64, keys), o.factors(in)
	for n := range s[0] {
		for h := range o.Heads {
			for i := range queries {
				x := q.Row(n*queries + i)[h*head:][:d]
				top := math.Inf(-1)
				for j := range weights {
					weights[j] = o.scale(d) * dot(x, k.Row(n*keys + j)[h*head+kFirst:][:d])
					if m := o.maskInput(); m >= 0 {
						weights[j] += in[m].Row(i)[j]
						if in[m].Row(i)[j] <= -1e30 {
							weights[j] = math.Inf(-1)
						}
					}
					top = max(top, weights[j])
				}
				if math.IsInf(top, -1) {
					continue
				}
				sum := 0.0
				y := out[0].Row(n*queries + i)[h*d:][:d]
				for j, w := range weights {
					w = math.Exp(w - top)
					sum += w
					w *= by.of((n*o.Heads+h)*queries+i, j)
					for c, value := range v.Row(n*keys + j)[h*head+vFirst:][:d] {
						y[c] += w * value
					}
				}
				for c := range y {
					y[c] /= sum
				}
			}
		}
	}
}

// dropFactors tells what weights are multiplied with.
type dropFactors struct {
	drop Dropout
	key  []float64 // nil: nothing is dropped
}

func (o Attention) factors(in []*Array) dropFactors {
	if k := o.keyInput(); k >= 0 {
		return dropFactors{o.Drop, in[k].Data}
	}
	return dropFactors{}
}

// of is the factor of key j for a query counted over all heads and images.
func (f dropFactors) of(query, j int) float64 {
	if f.key == nil {
		return 1
	}
	return f.drop.factor(f.key, query, j)
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func init() {
	packed := func(order AttentionOrder, heads, n, h, w, c int) Case {
		return counted(Case{Op: Attention{Heads: heads, Order: order}, In: []Tensor{Float(n, h, w, 3*c)}}, Float(n, h, w, c))
	}
	cross := func(heads, n, queries, keys, c int, mask bool) Case {
		in := []Tensor{Float(n, 1, queries, c), Float(n, 1, keys, c), Float(n, 1, keys, c), Float(1, 1, queries, keys)}
		if !mask {
			in = in[:3]
		}
		return counted(Case{Op: Attention{Heads: heads, Mask: mask}, In: in}, Float(n, 1, queries, c))
	}
	named := func(name string, c Case) Case { c.Name = name; return c }
	bench := func(name string, c Case) Case { c.Name, c.Bench = name, true; return c }
	filled := func(name string, c Case, fill func(*rand.Rand, []*Array)) Case { c.Name, c.Fill = name, fill; return c }

	dims, sides, queries := []int{4, 20, 36}, []int{1, 3, 8}, []int{1, 9, 33, 65}
	dropped := func(name string, p float64, c Case) Case {
		o := c.Op.(Attention)
		o.Drop = Dropout{p, 9}
		c.Name, c.Op, c.In = name, o, append(c.In, Uint(1, 1, 1, 4))
		return c
	}
	neighbours := cross(8, 1, 196, 196, 256, true)
	neighbours.Fill = func(_ *rand.Rand, in []*Array) {
		for i := range 196 {
			for j := range 196 {
				in[3].Set(0, 0, i, j, 0)
				if abs(i/14-j/14) <= 3 && abs(i%14-j%14) <= 3 {
					in[3].Set(0, 0, i, j, math.Inf(-1))
				}
			}
		}
	}
	register(Entry{
		Name: "attention", Class: Contraction, Files: []string{"attention.wgsl", "attention_rows.wgsl"},
		Cases: []Case{
			named("one token", packed(Legacy, 1, 1, 1, 1, 4)),
			named("one token of 2 heads", packed(New, 2, 2, 1, 1, 8)),
			named("cross 5 to 33", cross(3, 2, 5, 33, 60, false)),
			named("cross 65 to 7 with mask", cross(2, 2, 65, 7, 40, true)),
			named("legacy 7x7, 2 heads of 20", packed(Legacy, 2, 2, 7, 7, 40)),
			named("new 7x7, 2 heads of 20", packed(New, 2, 2, 7, 7, 40)),
			named("new 5x7, 1 head of 128", packed(New, 1, 1, 5, 7, 128)),
			named("legacy 3x3, 1 head of 256", packed(Legacy, 1, 1, 3, 3, 256)),
			filled("large scores", packed(Legacy, 2, 1, 7, 7, 40), wide),
			filled("masked rows", cross(1, 1, 40, 37, 20, true), func(_ *rand.Rand, in []*Array) {
				for i := range 40 {
					for j := range 37 {
						switch {
						case i%5 == 0, i%5 == 1 && j != 36, i%5 == 2 && j < 33:
							in[3].Set(0, 0, i, j, math.Inf(-1))
						case i%5 == 3 && j%2 == 0:
							in[3].Set(0, 0, i, j, -1e30)
						}
					}
				}
			}),
			dropped("dropout of a fifth, legacy 7x7, 2 heads of 20", 0.2, packed(Legacy, 2, 2, 7, 7, 40)),
			dropped("dropout of a half, cross 65 to 39 with mask", 0.5, cross(2, 2, 65, 39, 40, true)),
			dropped("dropout of a tenth, cross 9 to 66", 0.1, cross(3, 2, 9, 66, 60, false)),
			named("4096 tokens", packed(New, 1, 1, 64, 64, 8)),
			bench("neighbour mask 196 tokens, 8 heads of 32", neighbours),
			bench("784 tokens, 4 heads of 64", packed(Legacy, 4, 1, 28, 28, 256)),
			bench("196 tokens, 8 heads of 64", packed(Legacy, 8, 1, 14, 14, 512)),
		},
		Random: func(r *rand.Rand) Case {
			// Few head dimensions and numbers of queries: each pair is a shader to compile.
			heads, c := 1+r.IntN(3), dims[r.IntN(len(dims))]
			if order := AttentionOrder(r.IntN(int(attentionOrders))); order != Separate {
				return packed(order, heads, extent(r, 2), sides[r.IntN(len(sides))], sides[r.IntN(len(sides))], heads*c)
			}
			made := cross(heads, extent(r, 2), queries[r.IntN(len(queries))], extent(r, 65), heads*c, r.IntN(2) == 1)
			if r.IntN(4) == 0 {
				return dropped("", r.Float64(), made)
			}
			return made
		},
	})
}

// counted is c with its operation count; y is its output.
func counted(c Case, y Tensor) Case {
	c.Flops = c.Op.(Counted).Flops(c.In, []Tensor{y})
	return c
}

func abs(x int) int { return max(x, -x) }
