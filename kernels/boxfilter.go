package kernels

import "fmt"

// BoxFilter is the mean over the Size x Size pixels around each pixel, Size odd;
// at the border over those inside the image (method 4.5, Eq. 16). x and y
// [N, H, W, C]. It is a Pool, and its cases are among Pool's.
type BoxFilter struct{ Size int }

func (o BoxFilter) Name() string { return "boxfilter" }

func (o BoxFilter) pool() Pool {
	r := o.Size / 2
	return Pool{Kind: PoolAvg, Window: [2]int{o.Size, o.Size}, Stride: [2]int{1, 1}, Pad: [4]int{r, r, r, r}}
}

func (o BoxFilter) Infer(in []Tensor) ([]Tensor, error) {
	if o.Size < 1 || o.Size%2 == 0 {
		return nil, fmt.Errorf("%w: size %d, want an odd one from 1 on", ErrShape, o.Size)
	}
	return o.pool().Infer(in)
}

func (o BoxFilter) Record(t Target, in, out []Tensor) (Record, error) {
	return o.pool().Record(t, in, out)
}

func (o BoxFilter) Reference(in, out []*Array) { o.pool().Reference(in, out) }

func boxFilterCases() []Case {
	return []Case{
		{Name: "box filter 1", Op: BoxFilter{1}, In: []Tensor{Float(1, 3, 4, 5)}},
		{Name: "box filter 3 of one pixel", Op: BoxFilter{3}, In: []Tensor{Float(1, 1, 1, 1)}},
		{Name: "box filter 15 of 4x9", Op: BoxFilter{15}, In: []Tensor{Float(2, 4, 9, 7)}},
		{Name: "box filter 21 of 224x224x1", Op: BoxFilter{21}, In: []Tensor{Float(1, 224, 224, 1)}, Bench: true},
	}
}
