package keymap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

// builder makes a checkpoint with the names and shapes it is told and values from a fixed seed.
type builder struct {
	arrays []weights.Array
	r      *rand.Rand
}

func newBuilder() *builder { return &builder{r: rand.New(rand.NewPCG(6, 6))} }

func (b *builder) add(name string, shape ...int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.Abs(b.r.NormFloat64())) + 0.01 // a variance must be positive
	}
	a, err := weights.FromFloat32(name, weights.F32, shape, v)
	if err != nil {
		panic(err)
	}
	b.arrays = append(b.arrays, a)
}

func (b *builder) norm(name string, c int) {
	for _, s := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		b.add(name+s, c)
	}
	b.arrays = append(b.arrays, weights.Array{Name: name + ".num_batches_tracked", DType: weights.I64, Shape: []int{}, Data: make([]byte, 8)})
}

// efficientNet writes blocks 0 to 21 by hand-written names of a flavour, independent of the map under test, plus a head.
func efficientNet(flavour, prefix string) []weights.Array {
	b := newBuilder()
	p := func(s string) string { return prefix + s }
	stage := []struct{ n, in, out, mul, k int }{{2, 48, 24, 1, 3}, {4, 24, 32, 6, 3}, {4, 32, 56, 6, 5}, {6, 56, 112, 6, 3}, {6, 112, 160, 6, 5}}
	switch flavour {
	case "lukemelas":
		b.add(p("_conv_stem.weight"), 48, 3, 3, 3)
		b.norm(p("_bn0"), 48)
	case "timm":
		b.add("conv_stem.weight", 48, 3, 3, 3)
		b.norm("bn1", 48)
	case "torchvision":
		b.add("features.0.0.weight", 48, 3, 3, 3)
		b.norm("features.0.1", 48)
	}
	flat := 0
	for s, st := range stage {
		in := st.in
		for i := range st.n {
			mid, sq := in*st.mul, in/4
			var name [8]string
			switch flavour {
			case "lukemelas":
				pre := fmt.Sprintf("%s_blocks.%d.", prefix, flat)
				name = [8]string{pre + "_expand_conv", pre + "_bn0", pre + "_depthwise_conv", pre + "_bn1", pre + "_se_reduce", pre + "_se_expand", pre + "_project_conv", pre + "_bn2"}
			case "timm":
				pre := fmt.Sprintf("blocks.%d.%d.", s, i)
				name = [8]string{pre + "conv_pw", pre + "bn1", pre + "conv_dw", pre + "bn2", pre + "se.conv_reduce", pre + "se.conv_expand", pre + "conv_pwl", pre + "bn3"}
				if s == 0 {
					name = [8]string{"", "", pre + "conv_dw", pre + "bn1", pre + "se.conv_reduce", pre + "se.conv_expand", pre + "conv_pw", pre + "bn2"}
				}
			case "torchvision":
				pre := fmt.Sprintf("features.%d.%d.block.", s+1, i)
				name = [8]string{pre + "0.0", pre + "0.1", pre + "1.0", pre + "1.1", pre + "2.fc1", pre + "2.fc2", pre + "3.0", pre + "3.1"}
				if s == 0 {
					name = [8]string{"", "", pre + "0.0", pre + "0.1", pre + "1.fc1", pre + "1.fc2", pre + "2.0", pre + "2.1"}
				}
			}
			if s > 0 {
				b.add(name[0]+".weight", mid, in, 1, 1)
				b.norm(name[1], mid)
			}
			b.add(name[2]+".weight", mid, 1, st.k, st.k)
			b.norm(name[3], mid)
			b.add(name[4]+".weight", sq, mid, 1, 1)
			b.add(name[4]+".bias", sq)
			b.add(name[5]+".weight", mid, sq, 1, 1)
			b.add(name[5]+".bias", mid)
			b.add(name[6]+".weight", st.out, mid, 1, 1)
			b.norm(name[7], st.out)
			in = st.out
			flat++
		}
	}
	switch flavour { // parts of the rest, which must be accepted and ignored
	case "lukemelas":
		b.add(p("_conv_head.weight"), 1792, 448, 1, 1)
		b.norm(p("_bn1"), 1792)
		b.add(p("_blocks.31._expand_conv.weight"), 2688, 448, 1, 1)
		b.add(p("_fc.weight"), 10, 1792)
	case "timm":
		b.norm("bn2", 1792)
		b.add("blocks.6.0.conv_pwl.weight", 448, 1632, 1, 1)
		b.add("classifier.weight", 10, 1792)
	case "torchvision":
		b.add("features.8.0.weight", 1792, 448, 1, 1)
		b.add("classifier.1.weight", 10, 1792)
	}
	return b.arrays
}

func params(n *Network, trainable bool) int {
	total := 0
	for _, t := range n.Tensors {
		if trainable && (strings.HasSuffix(t.Name, ".running_mean") || strings.HasSuffix(t.Name, ".running_var")) {
			continue
		}
		total += len(t.Data)
	}
	return total
}

func TestEfficientNet(t *testing.T) {
	for _, c := range []struct {
		name, flavour, prefix string
		hint                  Hint
		padding               string
		eps                   float64
	}{
		{"lukemelas", "lukemelas", "", Hint{}, "static380", 1e-3},
		{"inside uniad", "lukemelas", "module.backbone.", Hint{}, "static380", 1e-3},
		{"timm tf", "timm", "", Hint{File: "tf_efficientnet_b4_aa-818f208c.pth"}, "dynamic", 1e-3},
		{"timm", "timm", "", Hint{File: "efficientnet_b4_ra2_320-7eb33cd5.pth"}, "symmetric", 1e-5},
		{"timm told", "timm", "", Hint{Padding: "dynamic"}, "dynamic", 1e-3},
		{"torchvision", "torchvision", "", Hint{}, "symmetric", 1e-5},
		{"overruled", "torchvision", "", Hint{Padding: "dynamic", BNEps: 1e-3}, "dynamic", 1e-3},
	} {
		n, err := Backbone(efficientNet(c.flavour, c.prefix), c.hint)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		// 3,635,984 parameters to block 21 (method, section 2.1).
		if p := params(n, true); p != 3635984 || n.Flavour != c.flavour || n.Padding != c.padding || n.BNEps != c.eps || n.Arch != "efficientnet_b4" {
			t.Errorf("%s: %d parameters, %s, %s, %g", c.name, p, n.Flavour, n.Padding, n.BNEps)
		}
		if !slices.ContainsFunc(n.Tensors, func(x weights.Named) bool { return x.Name == "_blocks.21._project_conv.weight" }) {
			t.Errorf("%s: block 21 is missing", c.name)
		}
	}
	if _, err := EfficientNetB4(efficientNet("timm", ""), Hint{File: "model.safetensors"}); !errors.Is(err, ErrAmbiguous) {
		t.Errorf("timm without a hint: %v", err)
	}
}

// TestSameNames maps the same values under the names of three flavours: the results must be the same tensors.
func TestSameNames(t *testing.T) {
	want, err := EfficientNetB4(efficientNet("lukemelas", ""), Hint{})
	if err != nil {
		t.Fatal(err)
	}
	for _, flavour := range []string{"timm", "torchvision"} {
		got, err := EfficientNetB4(efficientNet(flavour, ""), Hint{Padding: "dynamic"})
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want.Tensors {
			if got.Tensors[i].Name != w.Name || !slices.Equal(got.Tensors[i].Shape, w.Shape) || !slices.Equal(got.Tensors[i].Data, w.Data) {
				t.Fatalf("%s: tensor %d is %s %v, want %s %v", flavour, i, got.Tensors[i].Name, got.Tensors[i].Shape, w.Name, w.Shape)
			}
		}
	}
}

// TestRefusals breaks a checkpoint in one place at a time; the error must name the tensor.
func TestRefusals(t *testing.T) {
	whole := efficientNet("lukemelas", "module.")
	name := "module._blocks.7._se_reduce.bias"
	at := slices.IndexFunc(whole, func(a weights.Array) bool { return a.Name == name })
	missing := slices.Delete(slices.Clone(whole), at, at+1)
	extra := newBuilder()
	extra.add("module._blocks.7._extra.weight", 1)
	misshapen := slices.Clone(whole)
	misshapen[at] = weights.Array{Name: name, DType: weights.F32, Shape: []int{1}, Data: make([]byte, 4)}
	for _, c := range []struct {
		name   string
		arrays []weights.Array
		kind   error
		word   string
	}{
		{"missing", missing, ErrMissing, "_blocks.7._se_reduce.bias"},
		{"unknown", append(slices.Clone(whole), extra.arrays...), ErrUnknown, "_blocks.7._extra.weight"},
		{"misshapen", misshapen, ErrShape, name},
		{"another network", extra.arrays, ErrUnknown, "_extra"},
		{"nothing", nil, ErrUnknown, ""},
	} {
		if _, err := Backbone(c.arrays, Hint{}); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func mobileNetArrays(flavour string) []weights.Array {
	b := newBuilder()
	conv := func(conv, norm string, shape ...int) {
		b.add(conv+".weight", shape...)
		b.norm(norm, shape[0])
	}
	if flavour == "timm" {
		conv("conv_stem", "bn1", 32, 3, 3, 3)
	} else {
		conv("features.0.0", "features.0.1", 32, 3, 3, 3)
	}
	in, flat := 32, 0
	for s, st := range []struct{ mul, out, n int }{{1, 16, 1}, {6, 24, 2}, {6, 32, 3}, {6, 64, 4}, {6, 96, 3}, {6, 160, 3}, {6, 320, 1}} {
		for i := range st.n {
			mid := in * st.mul
			p := fmt.Sprintf("features.%d.conv.", flat+1)
			if flavour == "timm" {
				p = fmt.Sprintf("blocks.%d.%d.", s, i)
			}
			switch {
			case flavour == "timm" && s == 0:
				conv(p+"conv_dw", p+"bn1", mid, 1, 3, 3)
				conv(p+"conv_pw", p+"bn2", st.out, mid, 1, 1)
			case flavour == "timm":
				conv(p+"conv_pw", p+"bn1", mid, in, 1, 1)
				conv(p+"conv_dw", p+"bn2", mid, 1, 3, 3)
				conv(p+"conv_pwl", p+"bn3", st.out, mid, 1, 1)
			case s == 0:
				conv(p+"0.0", p+"0.1", mid, 1, 3, 3)
				conv(p+"1", p+"2", st.out, mid, 1, 1)
			default:
				conv(p+"0.0", p+"0.1", mid, in, 1, 1)
				conv(p+"1.0", p+"1.1", mid, 1, 3, 3)
				conv(p+"2", p+"3", st.out, mid, 1, 1)
			}
			in = st.out
			flat++
		}
	}
	if flavour == "timm" {
		conv("conv_head", "bn2", 1280, 320, 1, 1)
		b.add("classifier.weight", 10, 1280)
		b.add("classifier.bias", 10)
	} else {
		conv("features.18.0", "features.18.1", 1280, 320, 1, 1)
		b.add("classifier.1.weight", 10, 1280)
		b.add("classifier.1.bias", 10)
	}
	return b.arrays
}

// TestMobileNet folds two flavours of the same values: the results must be equal, and the first channel of the stem is computed by
// hand.
func TestMobileNet(t *testing.T) {
	arrays := mobileNetArrays("timm")
	a, err := Backbone(arrays, Hint{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Backbone(mobileNetArrays("torchvision"), Hint{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(values(a), values(b)) || len(a.Tensors) != 106 || !a.Folded || a.Flavour != "timm" || b.Flavour != "torchvision" {
		t.Fatalf("timm and torchvision differ: %d and %d tensors", len(a.Tensors), len(b.Tensors))
	}
	get := func(i int) float64 { v, _ := arrays[i].Float32(); return float64(v[0]) } // stem weight, then bn weight, bias, mean, var
	k := get(1) / math.Sqrt(get(4)+1e-5)
	stem := values(a)["stem.weight"][0]
	bias := values(a)["stem.bias"][0]
	if stem != float32(get(0)*k) || bias != float32(get(2)-get(3)*k) {
		t.Errorf("stem %g, bias %g", stem, bias)
	}
}

func values(n *Network) map[string][]float32 {
	out := make(map[string][]float32)
	for _, t := range n.Tensors {
		out[t.Name] = t.Data
	}
	return out
}

func uniadArrays(prefix string, encoders, decoders, rows, cols int) []weights.Array {
	b := newBuilder()
	const h, ff, c = 32, 48, 24
	lin := func(p string, out, in int) { b.add(p+".weight", out, in); b.add(p+".bias", out) }
	mha := func(p string) {
		b.add(p+".in_proj_weight", 3*h, h)
		b.add(p+".in_proj_bias", 3*h)
		lin(p+".out_proj", h, h)
	}
	layer := func(p string, norms int) {
		mha(p + "self_attn")
		lin(p+"linear1", ff, h)
		lin(p+"linear2", h, ff)
		for i := range norms {
			b.add(fmt.Sprintf("%snorm%d.weight", p, i+1), h)
			b.add(fmt.Sprintf("%snorm%d.bias", p, i+1), h)
		}
	}
	for i := range encoders {
		layer(fmt.Sprintf("%sreconstruction.transformer.encoder.layers.%d.", prefix, i), 2)
	}
	for i := range decoders {
		p := fmt.Sprintf("%sreconstruction.transformer.decoder.layers.%d.", prefix, i)
		layer(p, 3)
		mha(p + "multihead_attn")
		b.add(p+"learned_embed.weight", rows*cols, h)
	}
	p := prefix + "reconstruction."
	b.add(p+"transformer.decoder.norm.weight", h)
	b.add(p+"transformer.decoder.norm.bias", h)
	b.add(p+"pos_embed.row_embed.weight", rows, h/2)
	b.add(p+"pos_embed.col_embed.weight", cols, h/2)
	lin(p+"input_proj", h, c)
	lin(p+"output_proj", c, h)
	return b.arrays
}

func TestUniAD(t *testing.T) {
	arrays := append(uniadArrays("module.", 3, 2, 5, 7), efficientNet("lukemelas", "module.backbone.")...)
	n, err := UniAD(arrays)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"hidden_dim": 32, "encoder_layers": 3, "decoder_layers": 2, "dim_feedforward": 48, "feature_size": []int{5, 7}, "in_channels": 24,
	}
	if !reflect.DeepEqual(n.Config, want) {
		t.Errorf("configuration %v, want %v", n.Config, want)
	}
	first := n.Tensors[0]
	if first.Name != "input_proj.bias" || first.Origin != "module.reconstruction.input_proj.bias" {
		t.Errorf("first tensor %s from %s", first.Name, first.Origin)
	}
	if len(n.Tensors) != 3*12+2*19+8 {
		t.Errorf("%d tensors", len(n.Tensors))
	}
	other := newBuilder()
	other.add("module.neck.weight", 1)
	if _, err := UniAD(append(arrays, other.arrays...)); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "module.neck.weight") {
		t.Errorf("a tensor outside: %v", err)
	}
	if _, err := UniAD(arrays[1:]); !errors.Is(err, ErrMissing) {
		t.Errorf("a tensor less: %v", err)
	}
}

// build makes a checkpoint of a U-Net.
func (u *unet) build() []weights.Array {
	b := newBuilder()
	_ = u.walk(func(name string, shape ...int) error { b.add(name, shape...); return nil })
	return b.arrays
}

func TestUNet(t *testing.T) {
	for _, u := range []*unet{
		{in: 3, out: 6, width: 32, blocks: 2, channels: []int{32, 32, 64}, attention: []bool{false, true, true}, film: true, resampleBlocks: true},
		{in: 6, out: 3, width: 32, blocks: 1, channels: []int{32, 64}, attention: []bool{false, false}, film: false, resampleBlocks: false},
		{in: 6, out: 3, width: 32, blocks: 3, channels: []int{64, 96}, attention: []bool{true, false}, film: true, resampleBlocks: false},
		{in: 6, out: 3, width: 32, blocks: 2, channels: []int{32}, attention: []bool{true}, film: true, resampleBlocks: true},
	} {
		n, err := UNet(u.build())
		if err != nil {
			t.Errorf("%+v: %v", u, err)
			continue
		}
		want := u.config()
		if len(u.channels) == 1 { // a single level does not resample, so how is not seen
			want["resblock_updown"] = false
		}
		if !reflect.DeepEqual(n.Config, want) {
			t.Errorf("read %v, want %v", n.Config, want)
		}
	}
}

// TestUNetPresets holds the walk to the published numbers: 566 tensors; 34,615,683 and 552,814,083 parameters for 64 and 256
// channels, 6 in and 3 out (method, section 3.5).
func TestUNetPresets(t *testing.T) {
	for width, want := range map[int]int{64: 34615683, 128: 138289923, 256: 552814083} {
		u := &unet{
			in: 6, out: 3, width: width, blocks: 2, film: true, resampleBlocks: true,
			channels: []int{width, width, 2 * width, 2 * width, 4 * width, 4 * width}, attention: []bool{false, false, false, true, true, true},
		}
		tensors, total := 0, 0
		_ = u.walk(func(_ string, shape ...int) error {
			n := 1
			for _, d := range shape {
				n *= d
			}
			tensors, total = tensors+1, total+n
			return nil
		})
		if tensors != 566 || total != want {
			t.Errorf("%d channels: %d tensors, %d parameters, want 566 and %d", width, tensors, total, want)
		}
	}
}

func TestUNetSurgery(t *testing.T) {
	u := &unet{in: 3, out: 6, width: 32, blocks: 1, channels: []int{32, 32}, attention: []bool{false, true}, film: true, resampleBlocks: true}
	n, err := UNet(u.build())
	if err != nil {
		t.Fatal(err)
	}
	before := map[string][]float32{"in": values(n)["input_blocks.0.0.weight"], "out": values(n)["out.2.weight"]}
	if err := errors.Join(ExtendInput(n), CutLearnedSigma(n)); err != nil {
		t.Fatal(err)
	}
	in, out := values(n)["input_blocks.0.0.weight"], values(n)["out.2.weight"]
	for o := range 32 {
		if !slices.Equal(in[o*54:o*54+27], before["in"][o*27:(o+1)*27]) || slices.ContainsFunc(in[o*54+27:o*54+54], func(x float32) bool { return x != 0 }) {
			t.Fatalf("output channel %d of the input convolution", o)
		}
	}
	if !slices.Equal(out, before["out"][:3*32*9]) || len(values(n)["out.2.bias"]) != 3 || n.Config["in_channels"] != 6 || n.Config["out_channels"] != 3 {
		t.Errorf("%d output weights, %v", len(out), n.Config)
	}
	if err := ExtendInput(n); !errors.Is(err, ErrShape) {
		t.Errorf("extended twice: %v", err)
	}
	if err := CutLearnedSigma(n); !errors.Is(err, ErrShape) {
		t.Errorf("cut twice: %v", err)
	}
}

// TestExport takes a checkpoint through a model file: the tensors that the network uses come back with their names and bits.
func TestExport(t *testing.T) {
	arrays := append(uniadArrays("module.", 1, 1, 2, 3), efficientNet("lukemelas", "module.backbone.")...)
	base, err := UniAD(arrays)
	if err != nil {
		t.Fatal(err)
	}
	backbone, err := Backbone(arrays, Hint{})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	meta := weights.Meta{Config: json.RawMessage("{}"), Parts: map[string]weights.Part{"base": base.Part(), "backbone": backbone.Part()}}
	if _, err := weights.WriteTo(&file, meta, append(base.Named("base"), backbone.Named("backbone")...)); err != nil {
		t.Fatal(err)
	}
	f, err := weights.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out, notes, err := Export(context.Background(), f)
	if err != nil || len(notes) != 0 || len(out) != len(base.Tensors)+len(backbone.Tensors) {
		t.Fatalf("%d tensors, notes %v, %v", len(out), notes, err)
	}
	for _, a := range out {
		i := slices.IndexFunc(arrays, func(b weights.Array) bool { return b.Name == a.Name })
		if i < 0 || !bytes.Equal(arrays[i].Data, a.Data) || !slices.Equal(arrays[i].Shape, a.Shape) {
			t.Fatalf("tensor %q came back different", a.Name)
		}
	}
}

func TestExportNotes(t *testing.T) {
	one := weights.Named{Shape: []int{2, 1}, Data: []float32{127, 2}, Origin: "w"}
	a, b := one, one
	a.Name, b.Name, b.DType = "backbone.w", "base.w", weights.Int8
	var file bytes.Buffer
	meta := weights.Meta{Parts: map[string]weights.Part{"base": {}, "backbone": {Folded: true}}}
	if _, err := weights.WriteTo(&file, meta, []weights.Named{a, b}); err != nil {
		t.Fatal(err)
	}
	f, err := weights.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out, notes, err := Export(context.Background(), f)
	if err != nil || len(notes) != 3 || out[0].Name != "backbone.w" || out[1].Name != "base.w" || out[1].DType != weights.F32 {
		t.Fatalf("%v, %q, %v", out, notes, err)
	}
}

// TestRealMobileNet maps the published folded MobileNetV2 when it lies beside the project, stores it at every type and logs the size.
func TestRealMobileNet(t *testing.T) {
	path := "../../../shared/weights/mobilenet_v2_imagenet.safetensors"
	if _, err := os.Stat(path); err != nil {
		t.Logf("not run, %s is absent", path)
		return
	}
	arrays, _, err := safetensors.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Backbone(arrays, Hint{})
	if err != nil {
		t.Fatal(err)
	}
	if n.Flavour != "folded" || n.Padding != "dynamic" || len(n.Tensors) != 106 || len(n.Ignored) != 0 || n.Mean[0] != 0.5 {
		t.Fatalf("%s, %s, %d tensors", n.Flavour, n.Padding, len(n.Tensors))
	}
	meta := weights.Meta{Parts: map[string]weights.Part{"backbone": n.Part()}}
	for _, d := range []weights.DType{weights.F32, weights.F16, weights.Int8, weights.Int4} {
		named := n.Named("backbone")
		weights.As(named, d)
		var file bytes.Buffer
		if _, err := weights.WriteTo(&file, meta, named); err != nil {
			t.Fatal(err)
		}
		share := float64(file.Len()) / float64(4*params(n, false))
		t.Logf("%s: %d bytes, %.4f of float32", d, file.Len(), share)
		if bar := map[weights.DType]float64{weights.F32: 0.9, weights.F16: 0.44, weights.Int8: 0.24, weights.Int4: 0.11}[d]; share > bar {
			t.Errorf("%s: %.4f of float32, want at most %.2f", d, share, bar)
		}
		f, err := weights.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Float32(context.Background(), "backbone.head.weight")
		if err != nil {
			t.Fatal(err)
		}
		var sum, diff float64
		for i, w := range values(n)["head.weight"] {
			sum, diff = sum+float64(w)*float64(w), diff+math.Pow(float64(got[i]-w), 2)
		}
		// Squared error over squared value: half a step of each type, with room.
		if limit := map[weights.DType]float64{weights.F32: 0, weights.F16: 1e-7, weights.Int8: 1e-3, weights.Int4: 0.1}[d]; diff/sum > limit {
			t.Errorf("%s: error %g of the signal, want at most %g", d, diff/sum, limit)
		}
	}
}
