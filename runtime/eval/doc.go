// Package eval measures how well scores and heatmaps find defects, and turns
// the scores of normal images into a threshold.
//
// It owns: image and pixel AUROC, AP, F1-max and AUPRO by their exact
// definitions (method section 7) with the variants of other toolkits behind
// [Options], curves, histograms and worst cases for reports, bootstrap
// intervals, and the mathematics of calibration. It imports nothing of this
// project and reads no files.
//
// What counts as what:
//
//   - An image is anomalous because its folder says so. Where its mask, at the
//     size of the heatmap, says otherwise, it is listed in [Class.Disagree].
//   - A pixel is anomalous where the truth is not 0. Pixels of an anomalous
//     image without truth are left out of every pixel figure, as nobody knows
//     what they are; those of a good image need no truth.
//   - All pixels of a class form one pool. Regions are 8-connected. The mean
//     over classes is unweighted.
//   - A figure that does not exist, because one of the two labels never
//     occurs, is nil and null in JSON.
//
// An example:
//
//	c, err := eval.NewCollector("bottle", 224, 224)
//	for _, img := range images {
//		err := c.Add(eval.Image{Path: img.Path, Score: score, Anomalous: img.Anomalous, Map: heatmap, Truth: labels})
//	}
//	bottle, err := c.Finish(eval.DefaultOptions())
//	report := eval.NewReport(bottle, cable)
package eval
