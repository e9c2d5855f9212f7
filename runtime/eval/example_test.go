package eval_test

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/eval"
)

// Four images of one class, three with maps of 2 x 2.
func ExampleCollector() {
	c, err := eval.NewCollector("bottle", 2, 2)
	if err != nil {
		panic(err)
	}
	for _, img := range []eval.Image{
		{Path: "good/0.png", Score: 0.2, Map: []float32{0.1, 0.2, 0.1, 0.1}},
		{Path: "good/1.png", Score: 0.6, Map: []float32{0.1, 0.6, 0.1, 0.1}},
		{Path: "crack/0.png", Defect: "crack", Anomalous: true, Score: 0.9, Map: []float32{0.1, 0.1, 0.9, 0.4}, Truth: []uint8{0, 0, 1, 1}},
		{Path: "crack/1.png", Defect: "crack", Anomalous: true, Score: 0.5},
	} {
		if err := c.Add(img); err != nil {
			panic(err)
		}
	}
	bottle, err := c.Finish(eval.DefaultOptions())
	if err != nil {
		panic(err)
	}
	fmt.Printf("image AUROC %.3f, pixel AUROC %.3f, AUPRO %.3f\n", *bottle.ImageAUROC, *bottle.PixelAUROC, *bottle.AUPRO)
	fmt.Println("missed most:", bottle.Misses(1)[0].Path)
	// Output:
	// image AUROC 0.750, pixel AUROC 0.950, AUPRO 0.833
	// missed most: crack/1.png
}

// Scores of 19 good parts bound the false alarms at 1 in 20.
func ExampleCalibrate() {
	var scores []float32
	for i := range 19 {
		scores = append(scores, float32(i)/100)
	}
	c, err := eval.Calibrate(scores, 0.05)
	if err != nil {
		panic(err)
	}
	fmt.Printf("threshold %.3f, at most %.0f %% false alarms\n", c.Threshold, 100*c.FalseAlarms)
	// Output: threshold 0.180, at most 5 % false alarms
}
