// Package job runs a model over many images into an output folder: it skips
// what the journal has, gives the rest to a worker, puts the files in place,
// and writes the reports.
//
// An image counts as done when its files are synced under their names and its
// journal line is synced, in that order. So a kill at any moment costs at most
// the image in hand, and the pictures and raw maps are the same bytes as
// without it; rows are equal but for their seconds. An image that cannot be
// done gets a row with the error, is tried again by the next run, and does not
// stop this one.
//
// The package may import walk, outdir, journal, worker and report; it touches no
// pixel.
//
//	images, err := walk.Find(args, out)
//	summary, err := job.Run(ctx, job.Config{Images: images, Out: out, Spec: spec, Start: start})
package job
