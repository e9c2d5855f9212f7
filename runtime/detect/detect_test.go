package detect

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
)

func combinations() map[string][]string {
	return map[string][]string{
		"uniad":             {backboneSection, uniadSection},
		"bank":              {backboneSection, bankSection},
		"refiner":           {refinerSection},
		"uniad and refiner": {backboneSection, uniadSection, refinerSection},
		"bank and refiner":  {backboneSection, bankSection, refinerSection},
	}
}

// TestCombinations runs every combination on the device and on the CPU in float64.
// They agree to 1e-3 of the heatmap's range and the score to 1e-4 of itself, the bars
// between devices.
func TestCombinations(t *testing.T) {
	dev := openDevice(t, 0)
	for name, sections := range combinations() {
		t.Run(name, func(t *testing.T) {
			m := testModel(t, sections...)
			d := open(t, dev, m, Options{Stack: true})
			got, want := detect(t, d, 0), detect(t, open(t, nil, m, Options{}), 0)
			low, high := slices.Min(want.Heatmap.Val), slices.Max(want.Heatmap.Val)
			most := 0.0
			for i, w := range want.Heatmap.Val {
				most = max(most, math.Abs(float64(got.Heatmap.Val[i]-w))/float64(high-low))
			}
			score := math.Abs(got.Score/want.Score - 1)
			t.Logf("rule %s: score %.6g, heatmap differs by %.2g of its range, score by %.2g; memory %v", d.Rule(), got.Score, most, score, d.Memory())
			if !(most <= 1e-3 && score <= 1e-4) {
				t.Errorf("heatmap differs by %.3g of its range, score by %.3g", most, score)
			}
			if high-low < 1e-3 {
				t.Errorf("heatmap from %g to %g is flat", low, high)
			}
			maps := 0
			if m.Config.Refiner != nil {
				maps = 2 * 2 * 3
			}
			if len(got.Stack.Maps) != maps || (got.Stack.Base != nil) != (m.Config.Base != nil) {
				t.Errorf("stack of %d maps, base %t", len(got.Stack.Maps), got.Stack.Base != nil)
			}
		})
	}
}

// TestSame holds results to the same bytes: repeated, in another order, from another
// Detector, and with so little memory that the refiner sees fewer samples at once.
func TestSame(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, backboneSection, bankSection, refinerSection)
	d := open(t, dev, m, Options{})
	var want [3]*Result
	for n := range want {
		want[n] = detect(t, d, n)
	}
	check := func(what string, d *Detector) {
		for _, n := range []int{2, 0, 1, 1} {
			got := detect(t, d, n)
			if !slices.Equal(got.Heatmap.Val, want[n].Heatmap.Val) || got.Score != want[n].Score {
				t.Errorf("%s: image %d differs", what, n)
			}
		}
	}
	check("again", d)
	if slices.Equal(want[0].Heatmap.Val, want[1].Heatmap.Val) {
		t.Error("two images have the same heatmap")
	}
	full := d.Memory()
	if full.Batch != 4 {
		t.Fatalf("%d samples at once, want all 4", full.Batch)
	}
	small := full
	for small.Batch > 1 {
		before := small.Batch
		d := open(t, dev, m, Options{MemoryLimit: small.Peak() - 1})
		if small = d.Memory(); small.Batch >= before || small.Peak() >= full.Peak() {
			t.Fatalf("%v under the limit of %d samples", small, before)
		}
		check(small.String(), d)
	}
	_, err := Open(context.Background(), dev, m, Options{MemoryLimit: small.Peak() - 1})
	if !errors.Is(err, ErrTooLarge) || !errors.Is(err, graph.ErrMemory) || !strings.Contains(err.Error(), "with 1 samples at once, the limit is") {
		t.Errorf("got %v, want ErrMemory with both numbers", err)
	}
}

// TestCancelled stops an image after its first timestep: the next one is as if it
// had not been.
func TestCancelled(t *testing.T) {
	m := testModel(t, refinerSection)
	ctx, cancel := context.WithCancel(context.Background())
	d := open(t, openDevice(t, 0), m, Options{Beat: func() { cancel() }})
	if _, err := d.Detect(ctx, picture(t, 1), digestOf(1)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the context's error", err)
	}
	got, want := detect(t, d, 0), detect(t, d, 0)
	if !slices.Equal(got.Heatmap.Val, want.Heatmap.Val) || got.Score != want.Score {
		t.Error("the image behind a cancelled one differs")
	}
}

// TestHalf stores weights as half floats: the heatmap stays within 2% of its range, as
// weights are rounded to 11 bits.
func TestHalf(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, backboneSection, uniadSection, refinerSection)
	full, half := open(t, dev, m, Options{}), open(t, dev, m, Options{Weights: kernels.F16})
	if a, b := full.Memory().Params, half.Memory().Params; b > a*6/10 {
		t.Errorf("parameters take %d bytes as half floats, %d in full", b, a)
	}
	got, want := detect(t, half, 0).Heatmap.Val, detect(t, full, 0).Heatmap.Val
	limit := 0.02 * float64(slices.Max(want)-slices.Min(want))
	for i, w := range want {
		if !(math.Abs(float64(got[i]-w)) <= limit) {
			t.Fatalf("pixel %d: %g, want %g to %.2g", i, got[i], w, limit)
		}
	}
	if slices.Equal(got, want) {
		t.Error("half floats give the very same heatmap")
	}
}

// TestCeiling lets the allocator give no more than a share of the plan: a smaller
// batch is chosen, or a clear error comes.
func TestCeiling(t *testing.T) {
	m := testModel(t, backboneSection, bankSection, refinerSection)
	dev := openDevice(t, 0)
	full := open(t, dev, m, Options{})
	peak := dev.Used().Peak
	want := detect(t, full, 0)
	for _, percent := range []uint64{25, 50, 75} {
		limited := openDevice(t, peak*percent/100)
		d, err := Open(context.Background(), limited, m, Options{})
		if err != nil {
			t.Logf("%d%%: %v", percent, err)
			if !errors.Is(err, ErrTooLarge) || limited.Used().Live != 0 {
				t.Errorf("%d%%: got %v and %d live buffers, want ErrTooLarge and none", percent, err, limited.Used().Live)
			}
			continue
		}
		t.Logf("%d%%: %v", percent, d.Memory())
		got, err := d.Detect(context.Background(), picture(t, 0), digestOf(0))
		switch {
		case err != nil && !errors.Is(err, gpu.ErrOutOfMemory):
			t.Errorf("%d%%: got %v, want ErrOutOfMemory", percent, err)
		case err == nil && !slices.Equal(got.Heatmap.Val, want.Heatmap.Val):
			t.Errorf("%d%%: another heatmap", percent)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// truth knows the noise, and says a little more: the predicted image overshoots and
// is clamped.
type truth struct{}

// Denoise implements diffusion.Denoiser.
func (truth) Denoise(g *graph.Graph, in diffusion.Noisy) graph.Value {
	gain := g.Param(graph.Param{Name: "gain", Tensor: kernels.Float(1, 1, 1, 1), Pack: func([][]float32) []float32 { return []float32{1.0001, 0, 0, 0} }})
	mul := kernels.Binary{Op: kernels.Mul}
	signal, noise := g.Apply(kernels.Slice{Axis: 3, Len: 1}, in.Level), g.Apply(kernels.Slice{Axis: 3, Start: 1, Len: 1}, in.Level)
	image := g.Apply(mul, g.Apply(mul, in.Clean, signal), gain)
	return g.Apply(kernels.Binary{Op: kernels.Div}, g.Apply(kernels.Binary{Op: kernels.Sub}, in.X, image), noise)
}

// TestOracle: with the true noise in place of the U-Net the error maps of a black and
// white image are exactly zero, and the heatmap is the base's times 1 - alpha.
func TestOracle(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, backboneSection, uniadSection, refinerSection)
	d := open(t, dev, m, Options{Stack: true, denoiser: truth{}})
	alone := open(t, dev, m, Options{NoRefine: true})
	img := picture(t, 0)
	img.W, img.H, img.Pix = 32, 32, make([]byte, 32*32*3)
	for i := range img.Pix {
		img.Pix[i] = byte(255 * (i / 3 / 7 % 2))
	}
	got, err := d.Detect(context.Background(), img, digestOf(0))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range got.Stack.Maps {
		if slices.Max(m.Val) != 0 || slices.Min(m.Val) != 0 {
			t.Fatalf("map %d is from %g to %g, want 0", i, slices.Min(m.Val), slices.Max(m.Val))
		}
	}
	base, err := alone.Detect(context.Background(), img, digestOf(0))
	if err != nil {
		t.Fatal(err)
	}
	if r := got.Score / base.Score; math.Abs(r-0.1) > 1e-6 { // float32
		t.Errorf("score %g, %g of the base's %g, want 0.1", got.Score, r, base.Score)
	}
	for i, v := range got.Heatmap.Val {
		if w := float32(0.1) * base.Heatmap.Val[i]; math.Abs(float64(v-w)) > 1e-6*float64(w) {
			t.Fatalf("pixel %d: %g, want %g", i, v, w)
		}
	}
}

// silence predicts no noise.
type silence struct{}

// Denoise implements diffusion.Denoiser.
func (silence) Denoise(g *graph.Graph, in diffusion.Noisy) graph.Value {
	return g.Apply(kernels.Binary{Op: kernels.Sub}, in.X, in.X)
}

// TestZeroUNet: a U-Net whose last layer is zero predicts no noise, so that the
// predicted image is x_t / sqrt(alpha-bar), which runtime/diffusion tests.
func TestZeroUNet(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, refinerSection)
	seen := 0
	zero := func(v []float32) { clear(v) }
	zeroed := m
	zeroed.Store = changed{changed{m.Store, "refiner.out.2.weight", zero, &seen}, "refiner.out.2.bias", zero, &seen}
	predicted := func(m Model, d diffusion.Denoiser) (list []Predicted) {
		detect(t, open(t, dev, m, Options{Watch: func(p Predicted) { list = append(list, p) }, denoiser: d}), 0)
		return list
	}
	got, want, other := predicted(zeroed, nil), predicted(m, silence{}), predicted(m, nil)
	if seen < 2 || len(got) != 2*2 {
		t.Fatalf("%d tensors made zero, %d images", seen, len(got))
	}
	for i, p := range got {
		if !slices.Equal(p.Pix, want[i].Pix) || slices.Equal(p.Pix, other[i].Pix) {
			t.Errorf("timestep %d, cells of %d px: another image", p.Timestep, p.Cell)
		}
	}
}

// TestNonFinite puts a NaN into one tensor, or a value so large that something
// overflows, and wants an error that names the place.
func TestNonFinite(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, backboneSection, uniadSection, refinerSection)
	for _, c := range []struct {
		tensor string
		value  float32
		want   string
	}{
		{"backbone.blocks.3.expand.weight", float32(math.NaN()), `tensor "backbone.blocks.3.expand.weight"`},
		{"base.transformer.encoder.layers.0.linear1.bias", float32(math.Inf(1)), `tensor "base.transformer.encoder.layers.0.linear1.bias"`},
		{"refiner.middle_block.1.qkv.weight", float32(math.NaN()), `tensor "refiner.middle_block.1.qkv.weight"`},
		{"refiner.out.2.bias", float32(math.Inf(-1)), `tensor "refiner.out.2.bias"`},
		{"backbone.blocks.5.project.weight", 3e38, "backbone: features"},
		{"base.output_proj.weight", 3e38, "base: reconstruction"},
		{"refiner.out.2.weight", 3e38, "refiner: predicted noise"},
	} {
		seen := 0
		bad := m
		bad.Store = changed{m.Store, c.tensor, func(v []float32) {
			for i := range v {
				v[i] = c.value
			}
		}, &seen}
		for _, on := range []*gpu.Device{dev, nil} {
			if on == nil && c.value == 3e38 {
				continue // float64 does not overflow
			}
			d, err := Open(context.Background(), on, bad, Options{})
			if err == nil {
				var r *Result
				if r, err = d.Detect(context.Background(), picture(t, 0), digestOf(0)); r != nil {
					t.Errorf("%s: a heatmap came out", c.tensor)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			if seen == 0 {
				t.Fatalf("no tensor %q", c.tensor)
			}
			if !errors.Is(err, graph.ErrNonFinite) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want ErrNonFinite and %q", c.tensor, err, c.want)
			}
		}
	}
}

// TestRule runs every built-in rule, and holds the result to the bytes that the rule
// makes of the maps that were read back.
func TestRule(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, backboneSection, bankSection, refinerSection)
	for _, name := range fusion.Names() {
		infer := m.Config.Infer
		infer.Rule = name
		rule, err := fusion.New(name, infer.Fusion)
		if err != nil {
			t.Fatal(err)
		}
		d := open(t, dev, m, Options{Infer: &infer, Stack: true})
		if d.Rule() != name {
			t.Errorf("rule %q, want %q", d.Rule(), name)
		}
		got := detect(t, d, 0)
		want, err := rule.Fuse(t.Context(), got.Stack)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Heatmap.Val, want.Heatmap) || got.Score != want.Score {
			t.Errorf("%s: not what the rule makes of the stack", name)
		}
		refined, base := got.Stack.Maps != nil, got.Stack.Base != nil
		if refined != (name != "base") || base != (name != "refined") {
			t.Errorf("%s: refined maps %t, base map %t", name, refined, base)
		}
	}
}

// badRule is a rule that cannot be trusted.
type badRule struct{ fused fusion.Fused }

// Name implements fusion.Rule.
func (badRule) Name() string { return "bad" }

// Fuse implements fusion.Rule.
func (r badRule) Fuse(context.Context, *fusion.Stack) (*fusion.Fused, error) { return &r.fused, nil }

func TestErrors(t *testing.T) {
	dev := openDevice(t, 0)
	base, refiner := testModel(t, backboneSection, bankSection), testModel(t, refinerSection)
	withRule := func(m Model, rule string) Options {
		infer := m.Config.Infer
		infer.Rule = rule
		return Options{Infer: &infer}
	}
	nan := make([]float32, 32*32)
	nan[77] = float32(math.NaN())
	for _, c := range []struct {
		name  string
		model Model
		o     Options
		want  string
	}{
		{"paper without a refiner", base, withRule(base, "paper"), `rule "paper" needs a refiner`},
		{"base without a base", refiner, withRule(refiner, "base"), `rule "base" needs a base model`},
		{"unknown rule", base, withRule(base, "median"), `rule "median"`},
		{"nothing left", testModel(t, backboneSection, refinerSection), Options{NoRefine: true}, "neither a base nor a refiner"},
		{"invalid settings", refiner, Options{Infer: &model.Infer{}}, "model: infer: diffusion: timesteps: none"},
		{"missing tensor", Model{Config: base.Config, Store: parts{}}, Options{}, `no part "backbone"`},
		{"short heatmap", base, Options{Rule: badRule{fusion.Fused{Heatmap: make([]float32, 3)}}}, `rule "bad": heatmap of 3 values, want 1024`},
		{"NaN in the heatmap", base, Options{Rule: badRule{fusion.Fused{Heatmap: nan}}}, `rule "bad": value that is not finite`},
		{"infinite score", base, Options{Rule: badRule{fusion.Fused{Heatmap: make([]float32, 32*32), Score: math.Inf(1)}}}, `rule "bad": value that is not finite`},
	} {
		d, err := Open(context.Background(), dev, c.model, c.o)
		if err == nil {
			_, err = d.Detect(context.Background(), picture(t, 0), digestOf(0))
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	d := open(t, dev, base, Options{})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Detect(context.Background(), picture(t, 0), digestOf(0)); err == nil {
		t.Error("a closed Detector detects")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := open(t, dev, refiner, Options{}).Detect(ctx, picture(t, 0), digestOf(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// TestProfile holds the rows to sum to the time of each part, and to name kernels.
func TestProfile(t *testing.T) {
	m := testModel(t, backboneSection, bankSection, refinerSection)
	stages, beats := map[string]int{}, 0
	d := open(t, openDevice(t, 0), m, Options{
		Profile:  true,
		Progress: func(stage string, _, total int) { stages[stage] = total },
		Beat:     func() { beats++ },
	})
	detect(t, d, 0)
	r := detect(t, d, 1)
	sum, kernel := map[string]float64{}, 0.0
	count := 0
	for _, row := range r.Profile.Rows {
		sum[row.Part] += row.Seconds
		if row.Kernel != "host" {
			kernel += row.Seconds
			count += row.Count
		}
		if strings.HasPrefix(row.Kernel, "conv2d") && (row.Seconds <= 0 || row.Count < 1) {
			t.Errorf("row %+v", row)
		}
	}
	s := r.Seconds
	for part, want := range map[string]float64{"prepare": s.Prepare, "base": s.Base, "refine": s.Refine, "fuse": s.Fuse} {
		if math.Abs(sum[part]-want) > 1e-9 {
			t.Errorf("rows of %s sum to %g s, want %g", part, sum[part], want)
		}
	}
	if kernel > s.Total || kernel < s.Total/10 || r.Profile.Total != s.Total {
		t.Errorf("kernels take %g of %g s", kernel, s.Total)
	}
	t.Logf("%d dispatches take %.3f of %.3f s", count, kernel, s.Total)
	if beats != 2*3 { // one of the base, two timesteps
		t.Errorf("%d beats, want 6", beats)
	}
	for _, stage := range []string{"load base", "compile base", "load refiner", "compile refiner"} {
		if stages[stage] == 0 {
			t.Errorf("stage %q was not reported: %v", stage, stages)
		}
	}
}
