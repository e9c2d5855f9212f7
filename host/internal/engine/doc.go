// Package engine connects the host to the method: it reads a model file, lays
// the command line's flags over its configuration, and makes the detector that
// a worker runs.
//
// [Plan] needs the header of the model only, no device: the parent calls it.
// [Open] runs in the worker. The package may import runtime, weights and
// host/internal/{worker,plugin}.
//
//	flags := engine.DeclareFlags(set)
//	spec, err := engine.Plan("model.drdc", flags, nil)
package engine
