package eval

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// TestGolden compares every figure with testdata/golden/eval/gen_eval.py (numpy, seed 20240705).
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("../../testdata/golden/eval/eval.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name   string
		W, H   int
		Div    float32
		Images []struct {
			Anomalous bool
			Score     float32
			Map       []float32
			Truth     []int
		}
		Expect map[string]float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	// Sums of at most 3,000 terms in float64, in another order: 3000 * 2^-53.
	const tolerance = 4e-13
	for _, c := range cases {
		finish := func(change func(*Options)) *Class {
			col, err := NewCollector(c.Name, c.W, c.H)
			if err != nil {
				t.Fatal(err)
			}
			for _, img := range c.Images {
				in := Image{Anomalous: img.Anomalous, Score: img.Score / c.Div}
				for _, v := range img.Map {
					in.Map = append(in.Map, v/c.Div)
				}
				for _, v := range img.Truth {
					in.Truth = append(in.Truth, uint8(v))
				}
				if err := col.Add(in); err != nil {
					t.Fatal(err)
				}
			}
			o := DefaultOptions()
			change(&o)
			r, err := col.Finish(o)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		exact := finish(func(*Options) {})
		other := finish(func(o *Options) { o.AP, o.F1, o.PRO = APTrapezoid, F1Grid21, PROGrid200 })
		beside := finish(func(o *Options) { o.Compat = true })
		if *beside.ImageAP != *exact.ImageAP || *beside.PixelF1Max != *exact.PixelF1Max || *beside.AUPRO != *exact.AUPRO {
			t.Errorf("%s: the other figures changed the exact ones", c.Name)
		}
		whole := finish(func(o *Options) { o.PROLimit = 1 })
		regions := float64(exact.Regions)
		for name, got := range map[string]*float64{
			"image_auroc": exact.ImageAUROC, "image_ap": exact.ImageAP, "image_f1max": exact.ImageF1Max,
			"pixel_auroc": exact.PixelAUROC, "pixel_ap": exact.PixelAP, "pixel_f1max": exact.PixelF1Max, "aupro": exact.AUPRO,
			"image_ap_trapezoid": other.ImageAP, "pixel_ap_trapezoid": other.PixelAP, "pixel_f1max_grid21": other.PixelF1Max,
			"aupro_grid200": other.AUPRO, "aupro_all": whole.AUPRO, "regions": &regions,
			"image_auroc_max": beside.Compat.ImageAUROCMax, "image_auroc_top1": beside.Compat.ImageAUROCTop,
			"image_ap_trapezoid of compat": beside.Compat.ImageAPTrapezoid, "pixel_ap_trapezoid of compat": beside.Compat.PixelAPTrapezoid,
			"pixel_f1max_grid21 of compat": beside.Compat.PixelF1Grid21, "aupro_grid200 of compat": beside.Compat.AUPROGrid200,
		} {
			if want := c.Expect[strings.TrimSuffix(name, " of compat")]; math.Abs(*got-want) > tolerance || want == 0 {
				t.Errorf("%s: %s is %.15g, want %.15g", c.Name, name, *got, want)
			}
		}
	}
}
