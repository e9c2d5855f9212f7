// Package synth draws a data set: parts and materials as a camera would see
// them, good ones with natural variation and damaged ones with exact masks.
//
// It owns the products, the kinds of damage, their rendering and the folder that
// [Write] makes of them. It imports imgio and nothing else of this project.
//
// A picture is a height field with colours, lit from the upper left, several
// samples for each pixel. A mask is not drawn: it is where the damaged part and
// the same part without damage look different. Everything follows from integers
// that name the picture, in arithmetic that is the same on every platform, so a
// picture depends neither on the others nor on the order in which they are made.
//
//	img, mask, err := synth.Draw("bolt", "test", "scratch", 0, 256, 1)
package synth
