// Package pretext makes a task out of normal images, from which a backbone learns
// without any label of a person.
//
// The task is CutPaste (Li et al., CVPR 2021): a piece of the image is cut out, its
// colours are changed a little, and it is pasted elsewhere, as a patch or as a thin
// rotated scar. The paper tells normal, patch and scar apart for a whole crop, and
// for places by running over many crops. Here the network answers for every place of
// every tap at once: which share of the place is pasted, as patch and as scar. From
// the means of its taps it tells the product and by how many quarter turns the image
// was rotated (Gidaris et al., ICLR 2018), so that features also know what belongs
// where. All answers are scored with the squared error (Hui and Belkin, ICLR 2021).
//
// Sample n of a run follows from the seed and n alone, so a resumed run sees the same.
//
// It may import kernels, runtime/graph, runtime/imgio and runtime/train.
//
//	c := pretext.Config{Size: 64, Classes: 10, Channels: []int{24, 32, 64}}
//	loss := c.Loss(g, backbone.Taps(g, ..., c.Image(g, 32))...)
//	batch := c.NewBatch(32, normalization)
//	batch.Set(i, image, class, seed, n)
package pretext
