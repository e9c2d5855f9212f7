package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"syscall/js"
	"time"
	"unsafe"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/input"
)

// ErrRule is wrapped by what a rule does wrong: it traps, breaks the contract, misses the deadline or reports an error of its own.
var ErrRule = errors.New("the rule failed")

// Options are the choices of Open.
type Options struct {
	Name     string        // of the file, for results
	Config   fusion.Config // mean filter, and what the weights come from
	Params   []abi.Param
	Deadline time.Duration // for one image, and for compiling; 0 means 10 s
}

// About is what is known of an image beside its maps.
type About = input.About

// Rule is a module as a fusion.Rule. It serves one goroutine at a time.
type Rule struct {
	name    string
	config  fusion.Config
	params  []abi.Param
	sandbox js.Value
	about   About
	numbers map[string]float64
}

// Open scans and compiles a module. class is the class Sandbox of sandbox.js. Errors of the scan are an *admit.Refusal.
func Open(ctx context.Context, class js.Value, module []byte, o Options) (*Rule, error) {
	admitted, _, err := admit.Module(module)
	if err != nil {
		return nil, err
	}
	if o.Deadline <= 0 {
		o.Deadline = abi.DefaultDeadline
	}
	sandbox, err := await(ctx, class.Call("open", bytesOf(admitted), map[string]any{"deadline": o.Deadline.Milliseconds()}))
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(module)
	name := fmt.Sprintf("%s (sha256 %s)", o.Name, hex.EncodeToString(digest[:]))
	return &Rule{name: name, config: o.Config, params: o.Params, sandbox: sandbox}, nil
}

// Close ends the worker.
func (r *Rule) Close() { r.sandbox.Call("close") }

// Name holds the file's name and its digest.
func (r *Rule) Name() string { return r.name }

// Begin says what is known of the next image.
func (r *Rule) Begin(about About) { r.about = about }

// Numbers are those that the module named for the last image.
func (r *Rule) Numbers() map[string]float64 { return r.numbers }

// Fuse implements fusion.Rule. Errors of the rule wrap ErrRule.
func (r *Rule) Fuse(ctx context.Context, s *fusion.Stack) (*fusion.Fused, error) {
	r.numbers = nil
	img, err := input.Image(s, r.config, r.about, r.params)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	maps := []any{}
	for m, pixels := range input.Maps(s) {
		maps = append(maps, mapOf(m, pixels))
	}
	params := []any{}
	for _, p := range img.Params {
		params = append(params, []any{p.Key, p.Value})
	}
	defer context.AfterFunc(ctx, func() { r.sandbox.Call("stop") })()
	result, err := await(ctx, r.sandbox.Call("fuse", map[string]any{
		"width": img.Width, "height": img.Height, "sourceWidth": img.SourceWidth, "sourceHeight": img.SourceHeight,
		"meanFilter": img.MeanFilter, "refined": img.Weights.Refined, "base": img.Weights.Base, "shift": img.Weights.Shift, "className": img.Class, "params": params,
	}, maps))
	if err != nil {
		return nil, err
	}
	return r.take(result, s.W*s.H)
}

// take reads a result of rule.js, which has checked the values.
func (r *Rule) take(result js.Value, pixels int) (*fusion.Fused, error) {
	f := &fusion.Fused{Heatmap: make([]float32, pixels), Score: result.Get("score").Float()}
	values := result.Get("heatmap")
	if n := values.Length(); n != pixels {
		return nil, fmt.Errorf("sandbox: heatmap of %d values, want %d", n, pixels)
	}
	js.CopyBytesToGo(raw(f.Heatmap), js.Global().Get("Uint8Array").New(values.Get("buffer"), values.Get("byteOffset"), values.Get("byteLength")))
	for _, v := range f.Heatmap {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("sandbox: %w: a value of the heatmap is %v", ErrRule, v)
		}
	}
	numbers := result.Get("numbers")
	r.numbers = map[string]float64{}
	for i := range numbers.Length() {
		r.numbers[numbers.Index(i).Index(0).String()] = numbers.Index(i).Index(1).Float()
	}
	return f, nil
}

// mapOf is a map as rule.js takes it.
func mapOf(m abi.Map, pixels []float32) map[string]any {
	return map[string]any{
		"kind": int(m.Kind), "timestep": m.Timestep, "cell": m.Cell, "scale": m.Scale,
		"pixels": js.Global().Get("Float32Array").New(bytesOf(raw(pixels)).Get("buffer")),
	}
}

func bytesOf(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// raw is the memory of values; WebAssembly and every browser are little-endian.
func raw(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// await waits for a promise. What it rejects with is the rule's error.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type answer struct {
		value js.Value
		err   error
	}
	answers := make(chan answer, 1)
	resolve := js.FuncOf(func(_ js.Value, args []js.Value) any {
		answers <- answer{value: args[0]}
		return nil
	})
	reject := js.FuncOf(func(_ js.Value, args []js.Value) any {
		answers <- answer{err: fmt.Errorf("sandbox: %w: %s", ErrRule, args[0].Get("message").String())}
		return nil
	})
	release := func() { resolve.Release(); reject.Release() }
	promise.Call("then", resolve, reject)
	select {
	case a := <-answers:
		release()
		return a.value, a.err
	case <-ctx.Done():
		// The promise settles at the deadline at the latest, and its functions must be there until then.
		go func() { <-answers; release() }()
		return js.Undefined(), fmt.Errorf("sandbox: %w", context.Cause(ctx))
	}
}
