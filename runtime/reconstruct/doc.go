// Package reconstruct makes the task from which the base model learns: features of
// normal images, disturbed, are to be rebuilt as they were (UniAD, method 2.4).
//
// The loss is the mean squared difference over all values. To every token is added
// noise in proportion to its length, and values are dropped, attention weights among
// them. What is drawn follows from the seed and the number of the sample or batch
// alone, so a resumed run sees the same.
//
// It may import kernels, runtime/graph, runtime/model/uniad and runtime/train.
//
//	c := reconstruct.Config{Network: network, Jitter: 20, Dropout: 0.1}
//	plan, err := train.New(func(g *graph.Graph) graph.Value { return c.Loss(g, "base.", 8) }, limits, options)
//	batch := c.NewBatch(8)
//	err = batch.Set(i, rows)
//	err = batch.Write(t.Write, seed, n)
package reconstruct
