// Package outdir owns the folder that a run writes to: the lock that keeps a
// second run out, files that appear whole or not at all, and names for outputs
// that are safe on every platform.
//
// Every path goes through an [os.Root], so nothing outside the folder is
// written, whatever links it holds. Temporary files live in .drdc/tmp, which
// [Open] empties; a finished file is synced, renamed into place, and its folder
// is synced. The package imports nothing of this project.
//
//	dir, err := outdir.Open("results")
//	defer dir.Close()
//	err = dir.Put("masks/a.png", func(w io.Writer) error { ... })
package outdir
