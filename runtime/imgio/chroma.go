package imgio

import "image"

// chromaReader returns a row reader for planes of luma and chroma. Chroma of half width (4:2:2, 4:2:0) is interpolated
// with a triangle filter, weights 3/4 and 1/4 in each direction, rounded as libjpeg does; other ratios are replicated.
// webP selects the rounding of libwebp and its colours (BT.601, luma 16..235) instead of those of JPEG (full range).
func chromaReader(m *image.YCbCr, webP bool) func(dst []uint8, y int) {
	up := newUpsampler(m)
	upRow, toRGB := up.jpegRow, fullRangeRow
	if webP {
		upRow, toRGB = up.webPRow, studioRangeRow
	}
	w := m.Rect.Dx()
	cb, cr := make([]uint8, w+1), make([]uint8, w+1)
	return func(dst []uint8, y int) {
		upRow(cb, m.Cb, y)
		upRow(cr, m.Cr, y)
		toRGB(dst, m.Y[y*m.YStride:y*m.YStride+w], cb, cr)
	}
}

type upsampler struct {
	w, cw, ch, stride, stepX, stepY int
	near                            []int32 // a chroma row after the vertical filter
}

func newUpsampler(m *image.YCbCr) *upsampler {
	u := &upsampler{w: m.Rect.Dx(), stride: m.CStride, stepX: 1, stepY: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.stepX = 2
	case image.YCbCrSubsampleRatio420:
		u.stepX, u.stepY = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.stepY = 2
	case image.YCbCrSubsampleRatio411:
		u.stepX = 4
	case image.YCbCrSubsampleRatio410:
		u.stepX, u.stepY = 4, 2
	}
	u.cw = (u.w + u.stepX - 1) / u.stepX
	u.ch = (m.Rect.Dy() + u.stepY - 1) / u.stepY
	u.near = make([]int32, u.cw)
	return u
}

// rows returns the chroma row that covers picture row y and the one next nearest to it.
func (u *upsampler) rows(plane []uint8, y int) (near, far []uint8) {
	at := func(cy int) []uint8 { return plane[cy*u.stride : cy*u.stride+u.cw] }
	cy := y / u.stepY
	return at(cy), at(min(max(cy-1+2*(y&1), 0), u.ch-1))
}

// jpegRow writes the chroma of picture row y; dst has room for one sample more than the row. libjpeg replicates planes
// of one or two columns.
func (u *upsampler) jpegRow(dst, plane []uint8, y int) {
	src, far := u.rows(plane, y)
	if u.stepX != 2 || u.cw <= 2 {
		for x := range u.w {
			dst[x] = src[x/u.stepX]
		}
		return
	}
	last := u.cw - 1
	if u.stepY == 1 {
		dst[0], dst[2*last+1] = src[0], src[last]
		for i := range last {
			a, b := int32(src[i]), int32(src[i+1])
			dst[2*i+1] = uint8((3*a + b + 2) >> 2)
			dst[2*i+2] = uint8((3*b + a + 1) >> 2)
		}
		return
	}
	for i := range u.near {
		u.near[i] = 3*int32(src[i]) + int32(far[i])
	}
	dst[0], dst[2*last+1] = uint8((4*u.near[0]+8)>>4), uint8((4*u.near[last]+7)>>4)
	for i := range last {
		a, b := u.near[i], u.near[i+1]
		dst[2*i+1] = uint8((3*a + b + 7) >> 4)
		dst[2*i+2] = uint8((3*b + a + 8) >> 4)
	}
}

// webPRow does the same for WebP, which is always 4:2:0.
func (u *upsampler) webPRow(dst, plane []uint8, y int) {
	src, far := u.rows(plane, y)
	edge := func(i int) uint8 { return uint8((3*int32(src[i]) + int32(far[i]) + 2) >> 2) }
	mix := func(i, j int) uint8 {
		n, beside, above, across := int32(src[i]), int32(src[j]), int32(far[i]), int32(far[j])
		diagonal := (n + 3*beside + 3*above + across + 8) >> 3
		return uint8((diagonal + n) >> 1)
	}
	last := u.cw - 1
	dst[0], dst[2*last+1] = edge(0), edge(last)
	for i := range last {
		dst[2*i+1], dst[2*i+2] = mix(i, i+1), mix(i+1, i)
	}
}

// fullRangeRow is the JFIF conversion in 16-bit fixed point.
func fullRangeRow(dst, luma, blue, red []uint8) {
	const half = 1 << 15
	blue, red = blue[:len(luma)], red[:len(luma)]
	for x, v := range luma {
		y, cb, cr := int32(v), int32(blue[x])-128, int32(red[x])-128
		out := dst[3*x : 3*x+3]
		out[0] = clip8(y + (91881*cr+half)>>16)
		out[1] = clip8(y + (-22554*cb-46802*cr+half)>>16)
		out[2] = clip8(y + (116130*cb+half)>>16)
	}
}

// studioRangeRow is the BT.601 conversion in the 14-bit fixed point that the WebP specification's decoder uses.
func studioRangeRow(dst, luma, blue, red []uint8) {
	blue, red = blue[:len(luma)], red[:len(luma)]
	for x, v := range luma {
		y, cb, cr := int32(v)*19077>>8, int32(blue[x]), int32(red[x])
		out := dst[3*x : 3*x+3]
		out[0] = clip8((y + cr*26149>>8 - 14234) >> 6)
		out[1] = clip8((y - cb*6419>>8 - cr*13320>>8 + 8708) >> 6)
		out[2] = clip8((y + cb*33050>>8 - 17685) >> 6)
	}
}

func clip8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
