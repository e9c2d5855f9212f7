package learn

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
)

// Job is a part of a model that is to be trained.
type Job struct {
	Part string // "refiner"
	// Settings decide the losses: what differs between two runs of other losses, as a
	// struct or map that encodes as a JSON object. What may change from one sitting to
	// the next, such as the number of steps under a constant schedule, is left out.
	Settings any
	Plan     *train.Plan
	Store    graph.Store  // weights to begin with
	Meta     weights.Meta // of the checkpoint: configuration and part
	Steps    int          // to be done in all, 1 or more
	Samples  int          // of a step, over all its passes
	Images   int          // of an epoch; 0: epochs are not counted
	// Feed writes the inputs of a pass of step t.Steps(), counted from 0. Its
	// randomness follows from the two numbers alone.
	Feed func(t *train.Trainer, pass int) error
	// Model writes the model file from the weights as they are; it is called at every
	// checkpoint.
	Model func(ctx context.Context, t *train.Trainer) error
	// Pictures shows what the weights can do, at every checkpoint; nil: nothing.
	Pictures func(ctx context.Context, t *train.Trainer) ([]Picture, error)
}

// Picture is a row of the page.
type Picture struct {
	Title string
	Cells []Cell
}

// Cell is one image of a row.
type Cell struct {
	Caption string
	PNG     []byte
}

// Options say how a run goes; none of them changes a loss.
type Options struct {
	Output string        // the model file; its name says where the other files are
	Resume bool          // go on from the checkpoint
	Fresh  bool          // replace a checkpoint that is there
	Budget time.Duration // stop after so long, counted from the first step of this sitting; 0: no limit
	Every  time.Duration // between checkpoints
	Now    func() time.Time
	Title  string // of the page
	// Profile gets the cost of a step, kernel by kernel, before the first one; nil: it is
	// not measured.
	Profile func(train.Cost) error
}

// Files are the names beside the model.
type Files struct{ Model, Checkpoint, Losses, Page string }

// FilesOf derives them from the model's name.
func FilesOf(output string) Files {
	base := strings.TrimSuffix(output, ".drdc")
	return Files{output, base + ".checkpoint.drdc", base + ".csv", base + ".html"}
}

// Progress is the state after a step.
type Progress struct {
	Record
	Steps   int           // to be done in all
	Rate    float64       // samples a second, over the last minute or so
	Left    time.Duration // of the run; 0: not known yet
	History []Record      // all steps, this one last; not to be kept or changed
}

// View shows a run to a person.
type View interface {
	Step(Progress)
	Note(format string, args ...any) // a remark in a line
	Warn(format string, args ...any)
}

// Result is what a run came to.
type Result struct {
	Steps    int     // done in all
	Loss     float64 // mean over the last steps, at most 100
	Seconds  float64 // of all sittings
	Complete bool    // all steps are done: not stopped by the budget
}

// Kinds of errors.
var (
	// ErrCheckpoint says that there is a checkpoint where none, or none where one, is
	// wanted, or that its settings are others.
	ErrCheckpoint = errors.New("checkpoint")
	// ErrStopped says that the context ended; the checkpoint is written.
	ErrStopped = errors.New("stopped")
)

func (j Job) validate(o Options) error {
	switch {
	case j.Steps < 1:
		return fmt.Errorf("learn: %d steps, want 1 or more", j.Steps)
	case j.Samples < 1:
		return fmt.Errorf("learn: %d samples of a step, want 1 or more", j.Samples)
	case o.Output == "" || filepath.Base(o.Output) == ".drdc":
		return fmt.Errorf("learn: no name for the model")
	case o.Every <= 0:
		return fmt.Errorf("learn: %v between checkpoints, want more than 0", o.Every)
	case o.Budget < 0:
		return fmt.Errorf("learn: a budget of %v, want 0 or more", o.Budget)
	}
	return nil
}
