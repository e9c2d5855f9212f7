package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Options are the choices of Open; the zero value is the default.
type Options struct {
	SHA256      string        // the only digest that is accepted, hexadecimal; "" accepts any
	Deadline    time.Duration // for one image, start included; 0 means abi.DefaultDeadline
	Instances   int           // images in work at once, each with up to 32 MiB; 0 leaves a processor free to look at the clock
	CacheDir    string        // folder for compiled modules, only the user may write to it; "" keeps them in memory
	Interpreter bool          // run without compiling: 20 to 50 times slower, the same bytes
}

// Plugin is a compiled module. Its methods may be called from many goroutines.
type Plugin struct {
	digest   string
	anatomy  admit.Anatomy
	deadline time.Duration
	engine   wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
	slots    chan struct{} // one for each image in work
	closed   chan struct{}

	mu   sync.Mutex
	idle []*instance // reset and ready
}

// Result is what a rule makes of an image.
type Result struct {
	Heatmap  []float32          // [Height, Width], finite
	Score    float32            // finite
	Min, Max float32            // of the heatmap
	Numbers  map[string]float64 // named numbers, finite
	Log      string             // the end of what the guest wrote, without control characters
}

// ReadFile reads a module, but no more bytes than admit.Scan admits.
func ReadFile(name string) (module []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("plugin: %w", err)
	}
	defer f.Close()
	// One byte more than the limit lets the scan say that the file is too long.
	module, err = io.ReadAll(io.LimitReader(f, admit.MaxModule+1))
	if err != nil {
		return nil, fmt.Errorf("plugin: %w", err)
	}
	return module, nil
}

// Open admits and compiles a module, starts it once and asks for its version of the contract.
func Open(ctx context.Context, module []byte, opts Options) (*Plugin, error) {
	sum := sha256.Sum256(module)
	digest := hex.EncodeToString(sum[:])
	if opts.SHA256 != "" && !strings.EqualFold(opts.SHA256, digest) {
		return nil, fmt.Errorf("plugin: %w: digest %s, want %s", ErrDigest, digest, opts.SHA256)
	}
	stripped, anatomy, err := admit.Module(module)
	if err != nil {
		return nil, err
	}
	p := &Plugin{digest: digest, anatomy: anatomy, deadline: opts.Deadline}
	if p.deadline <= 0 {
		p.deadline = abi.DefaultDeadline
	}
	n := opts.Instances
	if n <= 0 {
		n = max(1, runtime.GOMAXPROCS(0)-1)
	}
	p.slots, p.closed = make(chan struct{}, n), make(chan struct{})
	if err := p.compile(ctx, stripped, opts); err != nil {
		p.Close(ctx)
		return nil, err
	}
	if err := p.try(ctx); err != nil {
		p.Close(ctx)
		return nil, err
	}
	return p, nil
}

func (p *Plugin) compile(ctx context.Context, module []byte, opts Options) (err error) {
	config := wazero.NewRuntimeConfigCompiler()
	if opts.Interpreter {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	if p.cache, err = openCache(opts.CacheDir); err != nil {
		return err
	}
	p.engine = wazero.NewRuntimeWithConfig(ctx, config.
		WithCoreFeatures(api.CoreFeaturesV2).
		WithCloseOnContextDone(true).
		WithMemoryLimitPages(admit.MemoryPages).
		WithDebugInfoEnabled(false).
		WithCompilationCache(p.cache))
	if err := provide(ctx, p.engine); err != nil {
		return err
	}
	if p.compiled, err = p.engine.CompileModule(ctx, module); err != nil {
		return fmt.Errorf("plugin: %w: %w", ErrCompile, err)
	}
	return nil
}

// try starts the module once, so that one that cannot start is found before the first image.
func (p *Plugin) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.deadline, ErrDeadline)
	defer cancel()
	in, err := p.take(ctx)
	if err != nil {
		return err
	}
	return p.give(ctx, in)
}

// Digest is the SHA-256 of the file, hexadecimal. It belongs into every result that the rule made.
func (p *Plugin) Digest() string { return p.digest }

// Anatomy is what the scan found.
func (p *Plugin) Anatomy() admit.Anatomy { return p.anatomy }

// Close waits for the images in work, ends the engine and frees its memory. It is called once; Fuse fails afterwards.
func (p *Plugin) Close(ctx context.Context) error {
	close(p.closed)
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	var err error
	if p.engine != nil {
		err = p.engine.Close(ctx)
	}
	if p.cache != nil {
		if e := p.cache.Close(ctx); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	return nil
}

// Fuse runs the rule on one image: img says what is known of it, maps gives each map with its height*width pixels, which must
// stay unchanged until the next. The same image gives the same bytes, whatever ran before. Errors of the guest are a *GuestError.
func (p *Plugin) Fuse(ctx context.Context, img abi.Image, maps iter.Seq2[abi.Map, []float32]) (Result, error) {
	if err := img.Check(); err != nil {
		return Result{}, fmt.Errorf("plugin: %w", err)
	}
	select {
	case p.slots <- struct{}{}:
	case <-p.closed:
		return Result{}, fmt.Errorf("plugin: %w", os.ErrClosed)
	case <-ctx.Done():
		return Result{}, fmt.Errorf("plugin: %w", context.Cause(ctx))
	}
	defer func() { <-p.slots }()
	ctx, cancel := context.WithTimeoutCause(ctx, p.deadline, ErrDeadline)
	defer cancel()

	in, err := p.take(ctx)
	if err != nil {
		return Result{}, err
	}
	result, err := in.fuse(ctx, img, maps)
	if err != nil {
		in.module.Close(ctx)
		return Result{}, err
	}
	return result, p.give(ctx, in)
}

// take gives an idle instance or starts one.
func (p *Plugin) take(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		in := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return in, nil
	}
	p.mu.Unlock()

	in := &instance{}
	space, err := reserve(admit.MemoryPages * admit.PageBytes)
	if err != nil {
		return nil, err
	}
	in.memory.space = space
	in.renew()
	module, err := p.engine.InstantiateModule(withMemory(ctx, &in.memory), p.compiled, wazero.NewModuleConfig().
		WithName("").
		WithStartFunctions().
		WithStdout(&in.log).
		WithStderr(&in.log).
		WithRandSource(&in.random).
		WithWalltime(in.walltime, 1e6).
		WithNanotime(in.nanotime, 1e6))
	if err != nil {
		in.memory.Free()
		return nil, in.failed(ctx, "start", err)
	}
	in.bind(module)
	if err := in.start(ctx); err != nil {
		module.Close(ctx)
		return nil, err
	}
	return in, nil
}

// give takes an instance back: reset where the guest can, closed otherwise.
func (p *Plugin) give(ctx context.Context, in *instance) error {
	if in.reset == nil {
		if err := in.module.Close(ctx); err != nil {
			return fmt.Errorf("plugin: %w", err)
		}
		return nil
	}
	if _, err := in.call(ctx, "reset", in.reset, 0); err != nil {
		in.module.Close(ctx)
		return err
	}
	p.mu.Lock()
	p.idle = append(p.idle, in)
	p.mu.Unlock()
	return nil
}
