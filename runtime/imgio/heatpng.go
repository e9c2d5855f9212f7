package imgio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"strconv"
	"strings"
)

// ScaleKey is the text chunk of a heatmap PNG that holds "LO HI": grey level g of 0..65535 stands for
// LO + g*(HI-LO)/65535.
const ScaleKey = "drdc:scale"

// EncodeHeatmap writes a map as a 16-bit grey PNG with [ScaleKey] and then texts as text chunks. Values map from r to
// 0..65535, rounded to nearest; values outside r are clipped to its ends. So values within r can be recovered to half
// of (Hi-Lo)/65535. Equal input gives equal bytes. It wraps [ErrNonFinite] and [ErrSize].
func EncodeHeatmap(w io.Writer, m *Heatmap, r Range, texts ...Text) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("imgio: heatmap: %w", err)
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("imgio: heatmap: %w", err)
	}
	img := image.NewGray16(image.Rect(0, 0, m.W, m.H))
	for i, v := range m.Val {
		binary.BigEndian.PutUint16(img.Pix[2*i:], uint16(math.Round(r.share(v)*65535)))
	}
	scale := Text{ScaleKey, formatFloat(r.Lo) + " " + formatFloat(r.Hi)}
	return encodePNG(w, img, append([]Text{scale}, texts...))
}

func formatFloat(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

// DecodeHeatmap reads back what [EncodeHeatmap] wrote: the values and all text chunks. name is used in errors only. It
// wraps the sentinels of [Decode], and [ErrFormat] for a PNG that is not a heatmap with a scale.
func DecodeHeatmap(data []byte, name string, lim Limits) (*Heatmap, []Text, error) {
	m, texts, err := decodeHeatmap(data, lim)
	if err != nil {
		return nil, nil, fmt.Errorf("imgio: %q: %w", name, err)
	}
	return m, texts, nil
}

func decodeHeatmap(data []byte, lim Limits) (*Heatmap, []Text, error) {
	src, _, _, err := decodeBounded(data, lim)
	if err != nil {
		return nil, nil, err
	}
	img, ok := src.(*image.Gray16)
	if !ok {
		return nil, nil, fmt.Errorf("%w: not a 16-bit grey PNG", ErrFormat)
	}
	texts := ReadText(data)
	r, err := scaleOf(texts)
	if err != nil {
		return nil, nil, err
	}
	m := &Heatmap{W: img.Rect.Dx(), H: img.Rect.Dy()}
	m.Val = make([]float32, m.W*m.H)
	step := (float64(r.Hi) - float64(r.Lo)) / 65535
	for i := range m.Val {
		above := float64(binary.BigEndian.Uint16(img.Pix[2*i:])) * step
		m.Val[i] = float32(float64(r.Lo) + above)
	}
	return m, texts, nil
}

func scaleOf(texts []Text) (Range, error) {
	for _, t := range texts {
		if t.Key != ScaleKey {
			continue
		}
		lo, hi, _ := strings.Cut(t.Value, " ")
		a, errLo := strconv.ParseFloat(lo, 32)
		b, errHi := strconv.ParseFloat(hi, 32)
		r := Range{float32(a), float32(b)}
		if errLo != nil || errHi != nil || r.check() != nil {
			return Range{}, fmt.Errorf("%w: %s is %q, want two numbers", ErrCorrupt, ScaleKey, t.Value)
		}
		return r, nil
	}
	return Range{}, fmt.Errorf("%w: no text chunk %s", ErrFormat, ScaleKey)
}

// encodePNG writes a picture and its text chunks.
func encodePNG(w io.Writer, img image.Image, texts []Text) error {
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return fmt.Errorf("imgio: encode PNG: %w", err)
	}
	file, err := addText(buf.Bytes(), texts)
	if err != nil {
		return fmt.Errorf("imgio: encode PNG: %w", err)
	}
	if _, err := w.Write(file); err != nil {
		return fmt.Errorf("imgio: write PNG: %w", err)
	}
	return nil
}
