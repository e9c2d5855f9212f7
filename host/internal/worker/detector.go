package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Errors of a Detector that mean more than a failed image.
var (
	// ErrNoDevice says that no adapter can run the model.
	ErrNoDevice = errors.New("no usable device")
	// ErrLost says that the device is gone; a new worker may find it again.
	ErrLost = errors.New("device lost")
)

// Spec says what a worker is to run. With the image, it decides every byte of the
// pictures.
type Spec struct {
	// Model is the name of the model file, Digest what it must hold.
	Model  string `json:"model"`
	Digest string `json:"digest"`
	// Device is "auto", "cpu", "reference" or an index.
	Device string `json:"device"`
	// Settings are those of the method, after flags: JSON, an object.
	Settings json.RawMessage `json:"settings"`
	// Rule is the name of the fusion rule, with its digest if it is a plugin.
	Rule string `json:"rule"`
	// Plugin is the module that Rule names; nil for a built-in rule.
	Plugin *Plugin `json:"plugin,omitempty"`
	// Threshold is the score from which an image is anomalous; nil for none.
	Threshold *float64 `json:"threshold"`
	// Variants are further ways to make a map of the same image, which share the work
	// on the device where they can. Each gives a raw map and a score.
	Variants []Variant `json:"variants,omitempty"`
	// Class is the product in the images; "" when nobody said.
	Class string `json:"class,omitempty"`
	// Save lists the kinds of files to make.
	Save []string `json:"save"`
	// Profile asks for times per kernel.
	Profile bool `json:"profile,omitempty"`
	// Batch bounds the samples of an image on the device at once; 0 means as many as
	// fit. It does not change results.
	Batch int `json:"batch,omitempty"`
}

// Plugin is a fusion rule in a WebAssembly module.
type Plugin struct {
	File    string `json:"file"`
	SHA256  string `json:"sha256"`  // what the file must hold
	Failure string `json:"failure"` // "fail", or "builtin": the paper's rule takes its place
}

// Anonymous is the plugin without its file's name, which does not change results;
// nil of nil.
func (p *Plugin) Anonymous() *Plugin {
	if p == nil {
		return nil
	}
	return &Plugin{SHA256: p.SHA256, Failure: p.Failure}
}

// Variant is a way to make a map beside that of a Spec.
type Variant struct {
	Name     string          `json:"name"` // unique in its Spec
	Settings json.RawMessage `json:"settings"`
	Rule     string          `json:"rule"`
	Plugin   *Plugin         `json:"plugin,omitempty"`
}

// Info is what a worker says of itself when it is ready.
type Info struct {
	// Adapter names the device: "NAME (BACKEND, TYPE)".
	Adapter string `json:"adapter"`
	// Software says that no GPU computes, so that steps take long.
	Software bool `json:"software"`
}

// Watch is how a Detector shows that it is alive and says what it does.
type Watch struct {
	// Beat is called with every step that the device has done, by any goroutine.
	Beat func()
	// Note is a line for the user.
	Note func(text string)
	// Warn is a line for the user, even with --quiet.
	Warn func(text string)
}

// Open makes a Detector. Its errors may wrap ErrNoDevice.
type Open func(ctx context.Context, spec Spec, watch Watch) (Detector, error)

// Detector runs the method on one image after the other. While one runs, the next is
// prepared and queued: Prepare may be called beside everything else, and Queue beside
// Result of the image before.
type Detector interface {
	// Info describes the device.
	Info() Info
	// Prepare does for img, the decoded file with that digest, what needs no device.
	Prepare(img *imgio.RGB, digest [sha256.Size]byte) (Detection, error)
	// Times are those of the last image, by part and kernel, if Spec.Profile asks
	// for them; they sum to the time that the image took.
	Times() []Time
	// Close frees the device.
	Close() error
}

// Detection is an image in a Detector. It ends with Result, or with Discard.
type Detection interface {
	// Queue gives the image to the device behind those that it has, without waiting.
	// Where that would hold them up it does nothing.
	Queue(ctx context.Context) error
	// Result finds anomalies in the image. Equal images give equal results, bit for bit.
	// Its errors, as those of Queue, may wrap ErrLost.
	Result(ctx context.Context) (Result, error)
	// Discard gives the image up.
	Discard()
}

// Result is what the method found in one image.
type Result struct {
	Heatmap *imgio.Heatmap
	Score   float64
	Seconds float64            // that Prepare, the device and the rule took, without waiting
	Class   string             // of the product; "" when the model tells none
	Rule    string             // that made it, when that is not the one of Spec; else ""
	Numbers map[string]float64 // that a plugin named; may be nil
	// Variants are those of the Spec, in its order.
	Variants []Fused
}

// variant is the raw map of variant number i.
func (r Result) variant(i int) ([]byte, error) {
	if i >= len(r.Variants) {
		return nil, fmt.Errorf("the detector made %d variants", len(r.Variants))
	}
	var b bytes.Buffer
	err := imgio.WriteNPY(&b, r.Variants[i].Heatmap)
	return b.Bytes(), err
}

// Fused is what a Variant makes of an image.
type Fused struct {
	Heatmap *imgio.Heatmap
	Score   float64
}

// Time is how long one kernel took in one part of the work on an image.
type Time struct {
	Part    string  `json:"part"`
	Kernel  string  `json:"kernel"` // "host" for what no kernel took
	Count   int     `json:"count"`  // dispatches
	Seconds float64 `json:"seconds"`
}
