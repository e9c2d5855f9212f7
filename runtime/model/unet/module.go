package unet

// kind is what a module does.
type kind uint8

const (
	stem       kind = iota // the first convolution
	residual               // ResBlock
	attention              // AttentionBlock
	downsample             // to half the size
	upsample               // to twice the size
)

// module is one entry of input_blocks.N, middle_block or output_blocks.N, from in
// to out channels.
type module struct {
	kind    kind
	path    string
	in, out int
}

// layers lists what a module is made of, in the order of a state dict.
func (c Config) layers(m module) []layer {
	switch {
	case m.kind == stem:
		return []layer{m.convolve()}
	case m.kind == attention:
		return []layer{m.norm(), m.qkv(), m.projOut()}
	case m.kind != residual && !c.ResblockUpdown:
		return []layer{m.resample()}
	}
	ls := []layer{m.inNorm(), m.inConv(), m.embed(c), m.outNorm(), m.outConv()}
	if m.in != m.out {
		ls = append(ls, m.skip())
	}
	return ls
}

func (m module) convolve() layer { return convolution(m.path, m.in, m.out, 3) }

// resample is the convolution of an up- or downsample that is no ResBlock.
func (m module) resample() layer {
	if m.kind == downsample {
		return convolution(m.path+".op", m.in, m.out, 3)
	}
	return convolution(m.path+".conv", m.in, m.out, 3)
}

func (m module) inNorm() layer  { return norm(m.path+".in_layers.0", m.in) }
func (m module) inConv() layer  { return convolution(m.path+".in_layers.2", m.in, m.out, 3) }
func (m module) outNorm() layer { return norm(m.path+".out_layers.0", m.out) }
func (m module) outConv() layer { return convolution(m.path+".out_layers.3", m.out, m.out, 3) }
func (m module) skip() layer    { return convolution(m.path+".skip_connection", m.in, m.out, 1) }

// embed turns the embedded timestep into scales and shifts, or into offsets.
func (m module) embed(c Config) layer {
	if c.UseScaleShiftNorm {
		return linear(m.path+".emb_layers.1", c.embedding(), 2*m.out)
	}
	return linear(m.path+".emb_layers.1", c.embedding(), m.out)
}

func (m module) norm() layer { return norm(m.path+".norm", m.in) }

// qkv and projOut are one-dimensional convolutions over the pixels.
func (m module) qkv() layer     { return layer{m.path + ".qkv", []int{3 * m.in, m.in, 1}} }
func (m module) projOut() layer { return layer{m.path + ".proj_out", []int{m.out, m.in, 1}} }
