// Package runtime is only the folder of the packages that run the method:
// gpu, graph, model, diffusion, fusion, detect, imgio, dataset, train and eval.
// It holds no code and must never be imported: its name would shadow Go's own
// package runtime.
package runtime
