// Package measure runs a model over labelled images and works out how good it is.
//
// The images go through a job, as those of detect do: a worker that may die, a
// folder that knows what is done, rows and raw maps. The figures come from these
// files, class by class, for the rule of the job's spec and for each of its
// variants. An image that cannot be done is left out of every figure and listed; a
// mask that cannot be read ends everything before the first image.
//
// The package may import runtime/{dataset,eval,imgio}, host/internal/{job,walk,worker}.
//
//	m, err := measure.Run(ctx, measure.Config{Job: config, Samples: samples})
//	report, err := m.Report(0, eval.DefaultOptions())
package measure
