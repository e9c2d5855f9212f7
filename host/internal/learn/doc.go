// Package learn runs a training: steps until a number of them or a time is reached,
// checkpoints, the record of losses, the page, and going on after a stop.
//
// A Job is what one part of a model (base, backbone, refiner) brings: a planned
// training, what feeds a step, and how its weights become a model file. Run does the
// rest in the same way for all parts. Beside the model OUT.drdc it keeps
//
//	OUT.checkpoint.drdc   weights, moments, average and step, with the settings
//	OUT.csv               step, epoch, loss, norm, learning rate, seconds
//	OUT.html              the curve and, where the job has them, pictures
//
// A checkpoint and the model are replaced as a whole: a crash or a full disk leaves
// the ones before. The order is: losses, checkpoint, model, page; so the losses of a
// checkpoint's steps are always on disk, and those after it are dropped on resuming.
// A signal ends the run after the step in hand, with a checkpoint. The settings that
// decide the losses are stored in the checkpoint; Run refuses to go on with others
// and names the first that differs.
//
// The package shows nothing itself: a View gets every step and every remark.
//
//	job := learn.Job{
//		Part: "refiner", Settings: settings, Plan: plan, Store: initial, Meta: meta,
//		Steps: 10000, Samples: 16, Images: 800,
//		Feed:  func(t *train.Trainer, pass int) error { return t.Write("x", batch(t.Steps(), pass)) },
//		Model: func(ctx context.Context, t *train.Trainer) error { return write(t.Tensors(ctx, true)) },
//	}
//	result, err := learn.Run(ctx, dev, job, learn.Options{Output: "model.drdc"}, view)
package learn
