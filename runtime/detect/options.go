package detect

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
)

// Options say how a model is used. The zero value is what the model says.
type Options struct {
	Infer    *model.Infer // in place of the model's settings
	Rule     fusion.Rule  // in place of the built-in rule that the settings name
	NoRefine bool         // leave the refiner out
	Batch    int          // the most samples that the refiner sees at once; 0: as many as fit. The result is the same
	// Weights is how the device holds weights: kernels.F32 or F16.
	Weights kernels.Type
	// MemoryLimit bounds the bytes of all buffers; 0 sets no bound. With less memory
	// the refiner sees fewer samples at once; the result is the same.
	MemoryLimit int
	// Stack asks for Result.Stack.
	Stack bool
	// Watch is called behind every step with the image of every cell size, in that
	// order; it may be nil.
	Watch func(Predicted)
	// Profile runs every dispatch alone, to fill Result.Profile.
	Profile bool
	// Params are parameters on the same device, of Detectors of the same model, that
	// outlive them: Open adds what is missing and Close leaves them. nil: each Detector
	// loads its own. They hold every part of the model that was ever used.
	Params *graph.Params
	// Progress is told what Open does, by one call at a time. Loading and compiling run
	// at the same time, so that their stages alternate. It may be nil.
	Progress func(stage string, done, total int)
	// Beat is called for every step when it is done; where images are queued from
	// another goroutine. It may be nil.
	Beat func()

	// Queue gives images whole to every device, as to a discrete GPU: see Prepared.Queue.
	Queue bool

	denoiser diffusion.Denoiser // in place of the refiner's network, in tests
}
