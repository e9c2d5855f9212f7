package gpu

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"strings"
	"testing"
)

const scaleWGSL = `
struct Params { n: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> src: array<f32>;
@group(0) @binding(1) var<storage, read_write> dst: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x < params.n) { dst[id.x] = src[id.x] * params.scale; }
}
`

const addWGSL = `
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x < arrayLength(&x)) { x[id.x] = x[id.x] + 1u; }
}
`

var (
	scale = Program{Label: "scale", File: "scale.wgsl", Code: scaleWGSL, Bindings: []Access{Read, ReadWrite, Uniform}}
	add   = Program{Label: "add", File: "add.wgsl", Code: addWGSL, Bindings: []Access{ReadWrite}}
)

var device = flag.String("device", "auto", "Options.Device of the tests")

// open opens a device for one test. Without an adapter the test fails.
func open(t testing.TB, o Options) *Device {
	t.Helper()
	o.Device = *device
	d, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func newBuffer(t testing.TB, d *Device, label string, size uint64, use BufferUse) *Buffer {
	t.Helper()
	b, err := d.NewBuffer(label, size, use)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pipeline(t testing.TB, d *Device, p Program) *Pipeline {
	t.Helper()
	c, err := d.Pipeline(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func record(t testing.TB, d *Device, steps ...Step) *Recording {
	t.Helper()
	r, err := d.NewRecording("r", steps)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails unless err is target and its text has all of the parts.
func wantError(t testing.TB, err, target error, parts ...string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want %v", err, target)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

func readAll(t testing.TB, d *Device, b *Buffer) []byte {
	t.Helper()
	out := make([]byte, b.Size())
	check(t, d.Read(context.Background(), b, 0, out))
	return out
}

func words(v ...uint32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

func TestKernel(t *testing.T) {
	d := open(t, Options{Label: "kernel"})
	const n = 1000
	src := newBuffer(t, d, "src", 4*n, UseStorage)
	dst := newBuffer(t, d, "dst", 4*n, UseStorage)
	params := newBuffer(t, d, "params", 8, UseUniform)
	var in, want []byte
	for i := range n {
		in = append(in, words(math.Float32bits(float32(i)))...)
		want = append(want, words(math.Float32bits(3*float32(i)))...)
	}
	check(t, d.Write(src, 0, in))
	check(t, d.Write(params, 0, words(n, math.Float32bits(3))))
	r := record(t, d, Dispatch{
		Label: "scale", Pipeline: pipeline(t, d, scale), Groups: [3]uint32{(n + 63) / 64, 1, 1},
		Bind: []Bind{{Buffer: src}, {Buffer: dst}, {Buffer: params}},
	})
	check(t, d.Submit(r))
	check(t, d.Wait(context.Background()))
	if !bytes.Equal(readAll(t, d, dst), want) {
		t.Error("the kernel gave other values")
	}
}

func TestRoundTrip(t *testing.T) {
	cases := []struct {
		name         string
		size, offset uint64
		length       int
	}{
		{"one word", 4, 0, 4},
		{"three words", 12, 0, 12},
		{"inside", 1000, 4, 500},
		{"last word", 4096, 4092, 4},
		{"nothing", 8, 8, 0},
		{"odd words", 65540, 0, 65540},
		{"over one piece", 2*readChunk + 4, 4, 2 * readChunk},
	}
	d := open(t, Options{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBuffer(t, d, c.name, c.size, UseStorage)
			in := make([]byte, c.length)
			for i := range in {
				in[i] = byte(i*7 + i>>8 + 1)
			}
			check(t, d.Write(b, c.offset, in))
			out := make([]byte, c.length)
			check(t, d.Read(context.Background(), b, c.offset, out))
			if !bytes.Equal(in, out) {
				t.Error("read back other bytes")
			}
			whole := readAll(t, d, b)
			for i, v := range whole {
				inside := uint64(i) >= c.offset && uint64(i) < c.offset+uint64(c.length)
				if !inside && v != 0 {
					t.Fatalf("byte %d outside of the write is %d", i, v)
				}
			}
			check(t, b.Close())
			wantError(t, b.Close(), ErrClosed, c.name)
			wantError(t, d.Write(b, 0, make([]byte, 4)), ErrClosed)
			wantError(t, d.Read(context.Background(), b, 0, make([]byte, 4)), ErrClosed)
		})
	}
}

func TestReplay(t *testing.T) {
	cases := []struct {
		name           string
		steps, replays int
	}{
		{"one step", 1, 200},
		{"one submission", submitSteps, 3},
		{"several submissions", 2*submitSteps + 1, 3},
	}
	d := open(t, Options{})
	p := pipeline(t, d, add)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := newBuffer(t, d, "x", 1000, UseStorage)
			y := newBuffer(t, d, "y", 1000, UseStorage)
			var steps []Step
			for range c.steps {
				steps = append(steps, Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{4, 1, 1}})
			}
			steps = append(steps, Copy{Src: Bind{Buffer: x, Offset: 4}, Dst: Bind{Buffer: y, Size: 996}})
			r := record(t, d, steps...)
			for range c.replays {
				check(t, d.Submit(r, r))
			}
			want := uint32(c.steps * c.replays * 2)
			if got := readAll(t, d, x); !bytes.Equal(got, bytes.Repeat(words(want), 250)) {
				t.Errorf("x starts with %d, want %d", got[:8], want)
			}
			if got := readAll(t, d, y); !bytes.Equal(got, append(bytes.Repeat(words(want), 249), 0, 0, 0, 0)) {
				t.Errorf("the copy holds %d..., want %d", got[:8], want)
			}
			check(t, r.Close())
			wantError(t, r.Close(), ErrClosed)
			wantError(t, d.Submit(r), ErrClosed, `"r"`)
		})
	}
}

// Writes and submissions keep their order without a wait between them.
func TestOrder(t *testing.T) {
	d := open(t, Options{})
	x := newBuffer(t, d, "x", 256, UseStorage)
	y := newBuffer(t, d, "y", 256*50, UseStorage)
	p := pipeline(t, d, add)
	var want []byte
	for i := range uint32(50) {
		r := record(t, d,
			Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{1, 1, 1}},
			Copy{Src: Bind{Buffer: x}, Dst: Bind{Buffer: y, Offset: 256 * uint64(i), Size: 256}})
		check(t, d.Write(x, 0, bytes.Repeat(words(10*i), 64)))
		check(t, d.Submit(r))
		check(t, r.Close())
		want = append(want, bytes.Repeat(words(10*i+1), 64)...)
	}
	if !bytes.Equal(readAll(t, d, y), want) {
		t.Error("writes and submissions overtook each other")
	}
}

// A readback holds what was there when it was started; a fence is passed when the
// work before it is done.
func TestStartRead(t *testing.T) {
	ctx := context.Background()
	d := open(t, Options{})
	x, y := newBuffer(t, d, "x", 256, UseStorage), newBuffer(t, d, "y", 8, UseStorage)
	r := record(t, d, Dispatch{Label: "add", Pipeline: pipeline(t, d, add), Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{1, 1, 1}})
	check(t, d.Write(y, 0, words(7, 8)))
	var reads []*Readback
	var fences []*Fence
	for range 20 {
		check(t, d.Submit(r))
		read, err := d.StartRead(Bind{Buffer: x, Offset: 4, Size: 8}, Bind{Buffer: y})
		check(t, err)
		fence, err := d.Fence()
		check(t, err)
		reads, fences = append(reads, read), append(fences, fence)
	}
	check(t, d.Write(y, 0, words(0, 0)))
	for i, read := range reads {
		check(t, fences[i].Wait(ctx))
		if i%3 == 2 {
			read.Discard()
			continue
		}
		out := make([]byte, read.Bytes())
		check(t, read.Wait(ctx, out))
		if n := uint32(i + 1); !bytes.Equal(out, words(n, n, 7, 8)) {
			t.Errorf("readback %d: %v", i, out)
		}
	}
	if u := d.Used(); u.Live != 2+idleStaging || u.Bytes != 264+idleStaging*minStaging {
		t.Errorf("%d buffers of %d bytes live, want two and %d of staging", u.Live, u.Bytes, idleStaging)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		n    int
		want error
	}{{ended, 8, context.Canceled}, {ctx, 4, ErrInvalid}} {
		read, err := d.StartRead(Bind{Buffer: y})
		check(t, err)
		wantError(t, read.Wait(c.ctx, make([]byte, c.n)), c.want, "gpu: read")
		if c.want == ErrInvalid {
			read.Discard()
		}
	}
	none, err := d.StartRead()
	check(t, err)
	check(t, none.Wait(ctx, nil))
	_, err = d.StartRead(Bind{Buffer: y}, Bind{Buffer: x, Offset: 2})
	wantError(t, err, ErrInvalid, `buffer "x"`)
	check(t, y.Close())
	_, err = d.StartRead(Bind{Buffer: x}, Bind{Buffer: y})
	wantError(t, err, ErrClosed, `buffer "y"`)
}

func TestRecordingErrors(t *testing.T) {
	limits := DefaultLimits()
	d := open(t, Options{Limits: &limits})
	other := open(t, Options{})
	p := pipeline(t, d, add)
	sc := pipeline(t, d, scale)
	x := newBuffer(t, d, "x", 1024, UseStorage)
	y := newBuffer(t, d, "y", 1024, UseStorage)
	u := newBuffer(t, d, "u", 1024, UseUniform)
	foreign := newBuffer(t, other, "foreign", 1024, UseStorage)
	closed := newBuffer(t, d, "closed", 1024, UseStorage)
	check(t, closed.Close())
	one := [3]uint32{1, 1, 1}
	dispatch := func(p *Pipeline, groups [3]uint32, binds ...Bind) Step {
		return Dispatch{Label: "k", Pipeline: p, Groups: groups, Bind: binds}
	}
	cases := []struct {
		name  string
		step  Step
		err   error
		parts []string
	}{
		{"no pipeline", dispatch(nil, one), ErrInvalid, []string{"step 0 k", "no pipeline"}},
		{"pipeline of another device", dispatch(pipeline(t, other, add), one, Bind{Buffer: x}), ErrInvalid, []string{"no pipeline of this device"}},
		{"no groups", dispatch(p, [3]uint32{1, 0, 1}, Bind{Buffer: x}), ErrInvalid, []string{"y workgroups are 0"}},
		{"too many groups", dispatch(p, [3]uint32{65536, 1, 1}, Bind{Buffer: x}), ErrTooLarge, []string{"65536 x workgroups", "65535"}},
		{"too few bindings", dispatch(p, one), ErrInvalid, []string{"0 bindings for the 1 of add"}},
		{"no buffer", dispatch(p, one, Bind{}), ErrInvalid, []string{"binding 0", "no buffer"}},
		{"foreign buffer", dispatch(p, one, Bind{Buffer: foreign}), ErrInvalid, []string{`"foreign"`, "another device"}},
		{"closed buffer", dispatch(p, one, Bind{Buffer: closed}), ErrClosed, []string{`"closed"`}},
		{"past the end", dispatch(p, one, Bind{Buffer: x, Offset: 512, Size: 516}), ErrInvalid, []string{`"x"`, "512..1028", "1024"}},
		{"empty", dispatch(p, one, Bind{Buffer: x, Offset: 1024}), ErrInvalid, []string{"empty range at 1024"}},
		{"misaligned", dispatch(p, one, Bind{Buffer: x, Offset: 128}), ErrInvalid, []string{"storage offset 128", "256"}},
		{"uniform as storage", dispatch(p, one, Bind{Buffer: u}), ErrInvalid, []string{`"u"`, "not made for storage"}},
		{"storage as uniform", dispatch(sc, one, Bind{Buffer: x}, Bind{Buffer: y}, Bind{Buffer: x}), ErrInvalid, []string{"binding 2", "not made for uniform"}},
		{"two accesses", dispatch(sc, one, Bind{Buffer: x, Size: 256}, Bind{Buffer: x, Offset: 256}, Bind{Buffer: u}), ErrInvalid, []string{"one access per buffer", "binding 0 (read)", "binding 1 (read-write)"}},
		{"binding below the shader's struct", dispatch(sc, one, Bind{Buffer: x}, Bind{Buffer: y}, Bind{Buffer: u, Size: 4}), ErrInvalid, nil},
		{"copy of two sizes", Copy{Src: Bind{Buffer: x}, Dst: Bind{Buffer: y, Size: 4}}, ErrInvalid, []string{"step 0 copy", "1024 bytes, destination of 4"}},
		{"copy in one buffer", Copy{Src: Bind{Buffer: x, Size: 4}, Dst: Bind{Buffer: x, Offset: 8, Size: 4}}, ErrInvalid, []string{`both buffer "x"`}},
		{"misaligned copy", Copy{Src: Bind{Buffer: x, Offset: 2, Size: 4}, Dst: Bind{Buffer: y, Size: 4}}, ErrInvalid, []string{"source", "multiples of 4"}},
		{"no step", nil, ErrInvalid, []string{"not <nil>"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.NewRecording("r", []Step{c.step})
			wantError(t, err, c.err, append(c.parts, "gpu: recording")...)
		})
	}
	if err := d.Wait(context.Background()); err != nil {
		t.Errorf("the device is unusable after the errors: %v", err)
	}
}

func TestBindingLimit(t *testing.T) {
	limits := DefaultLimits()
	limits.MaxStorageBinding = 1 << 20
	d := open(t, Options{Limits: &limits})
	if got := d.Limits(); got != limits.atMost(d.Adapter().Limits) {
		t.Errorf("limits %+v", got)
	}
	b := newBuffer(t, d, "wide", 2<<20, UseStorage)
	p := pipeline(t, d, add)
	_, err := d.NewRecording("r", []Step{Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: b}}, Groups: [3]uint32{1, 1, 1}}})
	wantError(t, err, ErrTooLarge, `"wide"`, "2 MiB", "1 MiB")
	record(t, d, Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: b, Offset: 1 << 20}}, Groups: [3]uint32{1, 1, 1}})
}

// A closed buffer must not reach the driver, which would end the process.
func TestSubmitClosedBuffer(t *testing.T) {
	d := open(t, Options{})
	x := newBuffer(t, d, "x", 256, UseStorage)
	r := record(t, d, Dispatch{Label: "add", Pipeline: pipeline(t, d, add), Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{1, 1, 1}})
	check(t, d.Submit(r))
	check(t, x.Close())
	wantError(t, d.Submit(r), ErrClosed, `buffer "x"`)
}

func TestClosedDevice(t *testing.T) {
	ctx := context.Background()
	d, err := Open(ctx, Options{Device: *device})
	check(t, err)
	x := newBuffer(t, d, "x", 256, UseStorage)
	r := record(t, d, Dispatch{Label: "add", Pipeline: pipeline(t, d, add), Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{1, 1, 1}})
	check(t, d.Submit(r))
	started, err := d.StartRead(Bind{Buffer: x})
	check(t, err)
	fence, err := d.Fence()
	check(t, err)
	check(t, d.Close())
	started.Discard()
	calls := map[string]func() error{
		"close":     d.Close,
		"buffer":    func() error { _, err := d.NewBuffer("y", 4, UseStorage); return err },
		"write":     func() error { return d.Write(x, 0, make([]byte, 4)) },
		"read":      func() error { return d.Read(ctx, x, 0, make([]byte, 4)) },
		"pipeline":  func() error { _, err := d.Pipeline(ctx, add); return err },
		"recording": func() error { _, err := d.NewRecording("r", nil); return err },
		"submit":    func() error { return d.Submit(r) },
		"wait":      func() error { return d.Wait(ctx) },
		"readback":  func() error { return started.Wait(ctx, make([]byte, 256)) },
		"fence":     func() error { return fence.Wait(ctx) },
		"profile":   func() error { _, err := d.Profile(ctx, r); return err },
		"x":         x.Close,
		"r":         r.Close,
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) { wantError(t, call(), ErrClosed) })
	}
}

func TestBufferErrors(t *testing.T) {
	limits := DefaultLimits()
	d := open(t, Options{Limits: &limits, MemoryLimit: 1 << 20})
	cases := []struct {
		name  string
		size  uint64
		use   BufferUse
		err   error
		parts []string
	}{
		{"zero", 0, UseStorage, ErrInvalid, []string{"multiple of 4"}},
		{"odd", 6, UseStorage, ErrInvalid, []string{"multiple of 4"}},
		{"useless", 4, 0, ErrInvalid, []string{"use"}},
		{"huge", 256<<20 + 4, UseStorage, ErrTooLarge, []string{`"huge"`, "256 MiB", "268435460 B"}},
		{"over the ceiling", 1<<20 + 4, UseStorage, ErrOutOfMemory, []string{"1 MiB"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.NewBuffer(c.name, c.size, c.use)
			wantError(t, err, c.err, append(c.parts, "gpu: buffer")...)
		})
	}
	if u := d.Used(); u != (Usage{}) {
		t.Errorf("failed allocations are counted: %+v", u)
	}
}

func TestMemoryLimit(t *testing.T) {
	d := open(t, Options{MemoryLimit: 1 << 20})
	a := newBuffer(t, d, "a", 768<<10, UseStorage)
	_, err := d.NewBuffer("b", 512<<10, UseStorage)
	wantError(t, err, ErrOutOfMemory, `"b"`, "512 KiB", "768 KiB", "1 MiB")
	check(t, a.Close())
	newBuffer(t, d, "b", 512<<10, UseStorage)
	want := Usage{Live: 1, Created: 2, Destroyed: 1, Bytes: 512 << 10, Peak: 768 << 10}
	if got := d.Used(); got != want {
		t.Errorf("used %+v, want %+v", got, want)
	}
	// Staging memory counts too.
	c := newBuffer(t, d, "c", 508<<10, UseStorage)
	wantError(t, d.Read(context.Background(), c, 0, make([]byte, 16<<10)), ErrOutOfMemory, "16 KiB")
}

func TestAccessErrors(t *testing.T) {
	d := open(t, Options{})
	other := open(t, Options{})
	b := newBuffer(t, d, "b", 64, UseStorage)
	foreign := newBuffer(t, other, "foreign", 64, UseStorage)
	cases := []struct {
		name   string
		b      *Buffer
		offset uint64
		length int
		parts  []string
	}{
		{"odd offset", b, 2, 4, []string{"offset 2", "multiples of 4"}},
		{"odd length", b, 4, 3, []string{"length 3", "multiples of 4"}},
		{"past the end", b, 60, 8, []string{`"b"`, "60..68", "64"}},
		{"offset overflow", b, math.MaxUint64 - 3, 8, []string{"past its end at 64"}},
		{"another device", foreign, 0, 4, []string{`"foreign"`, "another device"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := make([]byte, c.length)
			wantError(t, d.Write(c.b, c.offset, data), ErrInvalid, append(c.parts, "gpu: write")...)
			wantError(t, d.Read(context.Background(), c.b, c.offset, data), ErrInvalid, append(c.parts, "gpu: read")...)
		})
	}
}
