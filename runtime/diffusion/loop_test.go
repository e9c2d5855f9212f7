package diffusion

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

const testSize = 32

func testConfig() Config {
	return Config{
		Timesteps: []int{250, 150, 60}, Sets: 3, Cells: []int{8, 4}, Scales: []int{1, 2, 4},
		Sampler: DDIM, Init: NoisedOriginal, Noise: Fresh, Seed: 11,
	}
}

// openDevice opens the best adapter; a missing one fails the test.
func openDevice(t *testing.T) *gpu.Device {
	t.Helper()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(context.Background(), gpu.Options{Limits: &limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// onDevice is an Exec over a graph on a device.
type onDevice struct{ *graph.Exec }

func (e onDevice) Submit(context.Context) error { return e.Exec.Submit() }

// load puts the loop on dev.
func load(t *testing.T, dev *gpu.Device, l *Loop, d Denoiser, s graph.Store) onDevice {
	t.Helper()
	ctx := context.Background()
	g := buildGraph(t, l, d)
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParams(dev)
	t.Cleanup(func() {
		if err := params.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := params.Load(ctx, g, s, nil); err != nil {
		t.Fatal(err)
	}
	e, err := plan.Load(ctx, dev, params, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return onDevice{e}
}

func buildGraph(t *testing.T, l *Loop, d Denoiser) *graph.Graph {
	t.Helper()
	g := graph.New()
	stack := l.Build(g, d)
	g.Output("stack", stack)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func newLoop(t *testing.T, c Config, batch int) *Loop {
	t.Helper()
	s, err := NewSchedule("linear", 1000)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLoop(c, s, testSize, batch)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// testImage is a smooth picture with an edge, as 8-bit values give it.
func testImage(n int) (picture, []float32) {
	p, padded := newPicture(testSize), make([]float32, testSize*testSize*4)
	for q := range testSize * testSize {
		y, x := q/testSize, q%testSize
		for c := range 3 {
			v := float32(int(127+100*math.Sin(float64(x*(c+1)+y+n)/9))+20*(x/20))/127.5 - 1
			p.v[3*q+c], padded[4*q+c] = float64(v), v
		}
	}
	return p, padded
}

func testBase() []float64 {
	b := make([]float64, testSize*testSize)
	for i := range b {
		b[i] = float64(float32(math.Abs(math.Sin(float64(i) / 50))))
	}
	return b
}

// fused is one image: its maps, and what the paper's rule with a box of 5 makes of them.
type fused struct {
	maps []fusion.Map
	*fusion.Fused
}

func runLoop(t *testing.T, l *Loop, e Exec, image []float32, key Key) {
	t.Helper()
	in, err := l.Inputs(image, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Run(t.Context(), e, in, nil); err != nil {
		t.Fatal(err)
	}
}

// run does one image.
func run(t *testing.T, l *Loop, e onDevice, image []float32, name string) fused {
	t.Helper()
	ctx := t.Context()
	runLoop(t, l, e, image, NewKey(sha256.Sum256([]byte(name)), l.config.Seed))
	if err := e.Finite(ctx); err != nil {
		t.Fatal(err)
	}
	data, err := e.Read(ctx, "stack")
	if err != nil {
		t.Fatal(err)
	}
	values, maps := kernels.Decode32(data), l.config.Maps()
	stack := &fusion.Stack{W: testSize, H: testSize, Base: make([]float32, testSize*testSize)}
	for i, v := range testBase() {
		stack.Base[i] = float32(v)
	}
	for i := range maps {
		v := make([]float32, testSize*testSize)
		for q := range v {
			v[q] = values[q*((len(maps)+3)/4*4)+i]
		}
		stack.Maps = append(stack.Maps, fusion.Map{Val: v})
	}
	rule, err := fusion.New("paper", fusion.Config{MeanFilter: 5, Alpha: 0.9, Normalize: fusion.NormalizeNone})
	if err != nil {
		t.Fatal(err)
	}
	f, err := rule.Fuse(ctx, stack)
	if err != nil {
		t.Fatal(err)
	}
	return fused{stack.Maps, f}
}

// wide is v in float64.
func wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// TestPlain compares the device with the second implementation: every map and the
// heatmap to 1e-4 of their range, for two cell sizes, three sets, both samplers, both
// initialisations and both kinds of noise, and with a condition of noise alone.
func TestPlain(t *testing.T) {
	dev := openDevice(t)
	net := newNetwork()
	var configs []Config
	for _, sampler := range []Sampler{DDIM, Parallel} {
		for _, init := range []Init{NoisedOriginal, NoisedCondition} {
			for _, noise := range []Noise{Fresh, Fixed} {
				c := testConfig()
				c.Sampler, c.Init, c.Noise = sampler, init, noise
				configs = append(configs, c)
			}
		}
	}
	blind := testConfig()
	blind.Condition = PureNoise
	for _, c := range append(configs, blind) {
		t.Run(fmt.Sprint(c.Sampler, " ", c.Init, " ", c.Noise, " ", c.Condition), func(t *testing.T) {
			l := newLoop(t, c, c.Samples())
			e := load(t, dev, l, net, net.store())
			plain, padded := testImage(0)
			digest := sha256.Sum256([]byte("image"))
			want := plainMaps(c, l.schedule.AlphaBar, net.plain, plain, digest[:])
			got := run(t, l, e, padded, "image")
			for i, m := range c.Maps() {
				compare(t, fmt.Sprintf("map %+v", m), wide(got.maps[i].Val), want[i])
			}
			heatmap, score := plainHeatmap(want, testBase(), testSize, 5, 0.9)
			compare(t, "heatmap", wide(got.Heatmap), heatmap)
			if math.Abs(got.Score-score) > 1e-5*score {
				t.Errorf("score %g, want %g", got.Score, score)
			}
		})
	}
}

// compare fails when two maps differ by more than 1e-4 of the range of want.
func compare(t *testing.T, name string, got, want []float64) {
	t.Helper()
	low, high, most, at := math.Inf(1), math.Inf(-1), 0.0, 0
	for i, w := range want {
		low, high = min(low, w), max(high, w)
		if d := math.Abs(got[i] - w); d > most || math.IsNaN(d) {
			most, at = d, i
		}
	}
	if !(most <= 1e-4*(high-low)) {
		t.Errorf("%s: pixel %d: %g, want %g: %.3g of the range", name, at, got[at], want[at], most/(high-low))
	}
}

// TestSplit holds results to the same bytes whatever the batch, the order of the
// images, and what ran before.
func TestSplit(t *testing.T) {
	dev := openDevice(t)
	net := newNetwork()
	for _, sampler := range []Sampler{DDIM, Parallel} {
		c := testConfig()
		c.Sampler = sampler
		want := map[int]fused{}
		for _, batch := range []int{c.Samples(), 4, 1} {
			l := newLoop(t, c, batch)
			e := load(t, dev, l, net, net.store())
			for _, n := range []int{0, 1, 2, 1, 0, 0} {
				_, padded := testImage(n)
				got := run(t, l, e, padded, fmt.Sprint(n))
				if _, ok := want[n]; !ok {
					want[n] = got
				}
				if !reflect.DeepEqual(got, want[n]) {
					t.Errorf("%s, batches of %d, image %d: another result", sampler, batch, n)
				}
			}
		}
		if slices.Equal(want[0].Heatmap, want[1].Heatmap) {
			t.Error("two images have the same heatmap")
		}
	}
}

// truth is an oracle: it knows the noise. With gain over 1 it says so much noise that
// the predicted image overshoots by that factor, and is clamped.
type truth struct{ gain float32 }

// Denoise implements Denoiser.
func (o truth) Denoise(g *graph.Graph, in Noisy) graph.Value {
	gain := g.Param(graph.Param{Name: "gain", Tensor: kernels.Float(1, 1, 1, 1), Pack: func([][]float32) []float32 { return []float32{o.gain, 0, 0, 0} }})
	mul := kernels.Binary{Op: kernels.Mul}
	signal, noise := g.Apply(kernels.Slice{Axis: 3, Len: 1}, in.Level), g.Apply(kernels.Slice{Axis: 3, Start: 1, Len: 1}, in.Level)
	image := g.Apply(mul, g.Apply(mul, in.Clean, signal), gain)
	return g.Apply(kernels.Binary{Op: kernels.Div}, g.Apply(kernels.Binary{Op: kernels.Sub}, in.X, image), noise)
}

// TestOracle gives the true noise: the predicted image is the image, to float32
// rounding; and exactly, where clamping takes the rounding away.
func TestOracle(t *testing.T) {
	dev := openDevice(t)
	for _, sampler := range []Sampler{DDIM, Parallel} {
		c := testConfig()
		c.Sampler = sampler
		l := newLoop(t, c, c.Samples())
		_, padded := testImage(0)
		out := run(t, l, load(t, dev, l, truth{1}, nil), padded, "image")
		for i, m := range out.maps {
			if v := slices.Max(m.Val); !(v <= 2e-6) { // of a distance in -1..1: rounding of x_t, up to 4, and of its noise
				t.Fatalf("%s: error map %d reaches %g", sampler, i, v)
			}
		}
		for i := range padded {
			if i%4 < 3 {
				padded[i] = float32(1 - 2*(i/4/5%2)) // black and white
			}
		}
		out = run(t, l, load(t, dev, l, truth{1.0001}, nil), padded, "image")
		for i, m := range out.maps {
			if least, most := slices.Min(m.Val), slices.Max(m.Val); least != 0 || most != 0 {
				t.Fatalf("%s: black and white: error map %d is from %g to %g, want 0", sampler, i, least, most)
			}
		}
		_, score := plainHeatmap([][]float64{make([]float64, testSize*testSize)}, testBase(), testSize, 1, 0.9)
		if math.Abs(out.Score-score) > 1e-6 { // the base map's, times 1 - alpha
			t.Errorf("%s: score %g, want the base's %g", sampler, out.Score, score)
		}
	}
}

// silence predicts no noise, as a U-Net does whose last layer is zero.
type silence struct{}

// Denoise implements Denoiser.
func (silence) Denoise(g *graph.Graph, in Noisy) graph.Value {
	return g.Apply(kernels.Binary{Op: kernels.Sub}, in.X, in.X)
}

// TestSilence: without predicted noise the predicted image is x_t / sqrt(alpha-bar).
func TestSilence(t *testing.T) {
	dev := openDevice(t)
	c := testConfig()
	c.Timesteps = []int{250}
	l := newLoop(t, c, 2)
	plain, padded := testImage(0)
	e := load(t, dev, l, silence{}, nil)
	run(t, l, e, padded, "image")
	digest := sha256.Sum256([]byte("image"))
	k0, k1 := textKey(digest[:], int64(c.Seed))
	signal, noise := l.schedule.level(250)
	for n, k := range c.Cells {
		data, err := e.Read(context.Background(), Predicted(n))
		if err != nil {
			t.Fatal(err)
		}
		got := kernels.Decode32(data)
		for i := range c.Sets {
			z := plainNoise(k0, k1, 3, k, i, 250, testSize)
			for q, hidden := range plainHidden(k0, k1, k, c.Sets, i, testSize) {
				for ch := range 3 {
					want := min(max((signal*plain.v[3*q+ch]+noise*z.v[3*q+ch])/signal, -1), 1)
					if hidden && math.Abs(float64(got[4*q+ch])-want) > 5e-6 { // noise agrees to 1e-6, up to 5
						t.Fatalf("cells of %d px, pixel %d: %g, want %g", k, q, got[4*q+ch], want)
					}
				}
			}
		}
	}
}

// flaw predicts an infinite value at one timestep only, which clamping hides.
type flaw struct{}

// Denoise implements Denoiser.
func (flaw) Denoise(g *graph.Graph, in Noisy) graph.Value {
	at := g.Param(graph.Param{Name: "at", Tensor: kernels.Float(1, 1, 1, 1), Pack: func([][]float32) []float32 { return []float32{149, 0, 0, 0} }})
	// 0 at the model's index 149: the timestep 150, which is not the last one.
	zero := g.Apply(kernels.Binary{Op: kernels.Sub}, in.Index, at)
	return g.Apply(kernels.Binary{Op: kernels.Div}, in.X, zero)
}

func TestNonFinite(t *testing.T) {
	dev := openDevice(t)
	l := newLoop(t, testConfig(), 4)
	e := load(t, dev, l, flaw{}, nil)
	_, padded := testImage(0)
	runLoop(t, l, e, padded, Key{})
	err := e.Finite(context.Background())
	if err == nil || !strings.Contains(err.Error(), "refiner: predicted noise") {
		t.Errorf("got %v, want an error that names the predicted noise", err)
	}
}

// TestReference runs the same loop on the reference executor.
func TestReference(t *testing.T) {
	c := testConfig()
	c.Cells = []int{8}
	l := newLoop(t, c, 2)
	net := newNetwork()
	ref, err := buildGraph(t, l, net).Reference(context.Background(), net.store())
	if err != nil {
		t.Fatal(err)
	}
	e := &onReference{ref: ref, in: map[string]*kernels.Array{}}
	for name, tensor := range buildGraph(t, l, net).Inputs() {
		e.in[name] = kernels.NewArray(tensor)
	}
	plain, padded := testImage(0)
	digest := sha256.Sum256([]byte("image"))
	runLoop(t, l, e, padded, NewKey(digest, c.Seed))
	want := plainMaps(c, l.schedule.AlphaBar, net.plain, plain, digest[:])
	for i, m := range c.Maps() {
		v := make([]float64, testSize*testSize)
		for q := range v {
			v[q] = e.out["stack"].Row(q)[i]
		}
		compare(t, fmt.Sprintf("map %+v", m), v, want[i])
	}
}

type onReference struct {
	ref     *graph.Reference
	in, out map[string]*kernels.Array
}

func (e *onReference) Write(name string, data []byte) error {
	e.in[name].SetBytes(data)
	return nil
}

func (e *onReference) Submit(ctx context.Context) (err error) {
	e.out, err = e.ref.Run(ctx, e.in)
	return err
}
