package kernels

import "slices"

// weightBytes is the largest matrix of weights, of all heads and images, that the
// gradient of attention stores: half a binding of the least device.
const weightBytes = 64 << 20

// Gradient makes the matrix of the weights again, as products of matrices are the
// fastest there is, or where it would be large AttentionGrad, which never stores it. The
// mask has no gradient.
func (o Attention) Gradient(t Tape, a Applied) ([]Ref, error) {
	n := o.sources()
	if o.Mask && a.Need[n] {
		return nil, noGradient("mask of attention")
	}
	in := make([]Tensor, len(a.In))
	for i, x := range a.In {
		in[i] = t.Tensor(x)
	}
	queries, keys := o.tokens(in)
	var d []Ref
	if images := in[0].Shape[0]; (Tensor{Shape: Shape{images * o.Heads, 1, queries, keys}}).Bytes() > weightBytes {
		d = t.Apply(AttentionGrad{o}, n, append(append([]Ref{}, a.In...), a.Out[0], a.DOut[0])...)
	} else {
		h := attentionHeads{t, o, images, queries, keys, t.Tensor(a.Out[0]).Shape[3] / o.Heads}
		d = h.gradient(a)
	}
	return append(d, make([]Ref, len(a.In)-n)...), nil
}

// attentionHeads builds the gradient of an attention with heads of d channels out of
// products. What belongs to a head is a matrix: [images*heads, 1, tokens, d].
type attentionHeads struct {
	Tape
	Attention
	images, queries, keys, d int
}

// gradient follows AttentionGrad: with p the weights after the dropout,
// dv = p^T do, dw is what the dropout leaves of do v^T, e = w (dw - the sum of w dw over
// the keys), dq = Scale e k and dk = Scale e^T q.
func (h attentionHeads) gradient(a Applied) []Ref {
	var q, k, v Ref
	if h.Order == Separate {
		q, k, v = h.split(a.In[0], 0), h.split(a.In[1], 0), h.split(a.In[2], 0)
	} else {
		q, k, v = h.split(a.In[0], 0), h.split(a.In[0], 1), h.split(a.In[0], 2)
	}
	one := h
	one.Order = Separate
	do := one.split(a.DOut[0], 0)
	scale := float32(h.scale(h.d))

	scores := apply(h, MatMul{TransposeB: true, Scale: scale}, q, k)
	masked := []Ref{scores}
	if h.Mask {
		masked = append(masked, a.In[h.maskInput()])
	}
	weights := apply(h, Softmax{Mask: h.Mask}, masked...)
	kept := h.drop(weights, a)
	dv := apply(h, Outer{}, kept, do)
	dw := h.drop(apply(h, MatMul{TransposeB: true}, do, v), a)
	e := apply(h, SoftmaxGrad{}, weights, dw)
	dq := apply(h, MatMul{Scale: scale}, e, k)
	dk := apply(h, Outer{scale}, e, q)
	return h.join(a, dq, dk, dv)
}

// drop is the dropout of a matrix of weights.
func (h attentionHeads) drop(w Ref, a Applied) Ref {
	if !h.drops() {
		return w
	}
	s := h.Tensor(w).Shape
	w = h.View(w, Shape{h.images, h.Heads, h.queries, h.keys})
	return h.View(apply(h, h.Drop, w, a.In[h.keyInput()]), s)
}

// split is part i of the heads of x, one of three in a packed order.
func (h attentionHeads) split(x Ref, i int) Ref {
	s := h.Tensor(x).Shape
	tokens, order := s[1]*s[2], Permute{[4]int{0, 2, 1, 3}}
	switch h.Order {
	case Legacy:
		x = apply(h, order, h.View(x, Shape{h.images, tokens, h.Heads, 3 * h.d}))
		x = apply(h, Slice{3, i * h.d, h.d}, x)
	case New:
		x = apply(h, order, h.View(x, Shape{h.images, tokens, 3 * h.Heads, h.d}))
		x = apply(h, Slice{1, i * h.Heads, h.Heads}, x)
	default:
		x = apply(h, order, h.View(x, Shape{h.images, tokens, h.Heads, h.d}))
	}
	return h.View(x, Shape{h.images * h.Heads, 1, tokens, h.d})
}

// join is the inverse of split, for the gradients by q, k and v.
func (h attentionHeads) join(a Applied, parts ...Ref) []Ref {
	order := Permute{[4]int{0, 2, 1, 3}}
	for i, x := range parts {
		parts[i] = h.View(x, Shape{h.images, h.Heads, h.Tensor(x).Shape[2], h.d})
	}
	if h.Order == Legacy {
		parts = []Ref{apply(h, Concat{}, parts...)}
	}
	for i, x := range parts {
		x = apply(h, order, x)
		s := h.Tensor(x).Shape
		parts[i] = h.View(x, Shape{h.images, 1, s[1], s[2] * s[3]})
	}
	if h.Order == New {
		parts = []Ref{apply(h, Concat{}, parts...)}
	}
	d := slices.Clone(parts)
	for i, x := range d {
		d[i] = h.View(x, h.Tensor(a.In[i]).Shape)
	}
	return d
}
