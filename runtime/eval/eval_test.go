package eval

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// collect finishes a class of 1-row maps, one image for each map.
func collect(t *testing.T, w int, images ...Image) *Class {
	t.Helper()
	c, err := NewCollector("toy", w, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range images {
		if err := c.Add(img); err != nil {
			t.Fatal(err)
		}
	}
	r, err := c.Finish(DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestByHand checks figures that a person can work out on paper.
func TestByHand(t *testing.T) {
	for _, test := range []struct {
		name                 string
		good, bad            []float32
		auroc, ap, f1, f1thr float64
	}{
		{"apart", []float32{1, 2}, []float32{3, 4}, 1, 1, 1, 3},
		{"upside down", []float32{3, 4}, []float32{1, 2}, 0, (1./3 + 2./4) / 2, 2. / 3, 1},
		{"all tied", []float32{1, 1}, []float32{1, 1}, 0.5, 0.5, 2. / 3, 1},
		{"one tie", []float32{1, 2}, []float32{2, 3}, 3.5 / 4, 0.5 + 0.5*2/3, 0.8, 2},
		{"negative scores", []float32{-3, -2}, []float32{-2, -1}, 3.5 / 4, 0.5 + 0.5*2/3, 0.8, -2},
		{"minus zero is zero", []float32{float32(math.Copysign(0, -1))}, []float32{0}, 0.5, 0.5, 2. / 3, 0},
		{"denormals differ", []float32{0}, []float32{1e-45}, 1, 1, 1, 1.401298464324817e-45},
	} {
		var images []Image
		for _, s := range test.good {
			images = append(images, Image{Score: s})
		}
		for _, s := range test.bad {
			images = append(images, Image{Score: s, Anomalous: true})
		}
		r := collect(t, 1, images...)
		got := []float64{*r.ImageAUROC, *r.ImageAP, *r.ImageF1Max, *r.ImageF1Threshold}
		want := []float64{test.auroc, test.ap, test.f1, test.f1thr}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-15 { // one rounding
				t.Errorf("%s: figure %d is %v, want %v", test.name, i, got[i], want[i])
			}
		}
	}
}

// TestOverlapByHand integrates a curve of three straight pieces. Region a has 1
// pixel of value 9, region b has 2 of values 9 and 5; the 10 normal pixels are one
// 7, one 5, eight 0. Points (FPR, PRO): (0, 0.75), (0.1, 0.75), (0.2, 1), (1, 1).
func TestOverlapByHand(t *testing.T) {
	r := collect(t, 13, Image{
		Anomalous: true,
		Map:       []float32{9, 7, 9, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0},
		Truth:     []uint8{1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	})
	// 0.1*0.75 + 0.1*(0.75+1)/2 + 0.1*1 over 0.3; the first piece stands on FPR 0.
	if want := (0.075 + 0.0875 + 0.1) / 0.3; math.Abs(*r.AUPRO-want) > 1e-15 {
		t.Errorf("AUPRO %v, want %v", *r.AUPRO, want)
	}
	if r.Regions != 2 {
		t.Errorf("%d regions, want 2", r.Regions)
	}
}

func TestRegions(t *testing.T) {
	for _, test := range []struct {
		picture string
		sizes   []int
	}{
		{"...\n...", nil},
		{"##.\n..#", []int{3}}, // a corner joins
		{"#.#\n#.#", []int{2, 2}},
		{"#.#\n###", []int{5}},
		{"..#\n.#.\n#..", []int{3}},
		{"#..#\n....\n#..#", []int{1, 1, 1, 1}}, // a row's end is no neighbour of the next row's start
		{"...#\n#...", []int{1, 1}},
	} {
		rows := strings.Split(test.picture, "\n")
		mask := []uint8{}
		for _, c := range strings.Join(rows, "") {
			mask = append(mask, uint8(strings.IndexRune(".#", c)))
		}
		label, sizes := regions(mask, len(rows[0]), len(rows))
		if !slices.Equal(sizes, test.sizes) {
			t.Errorf("%q: sizes %v, want %v", test.picture, sizes, test.sizes)
		}
		for i, m := range mask {
			if (m != 0) != (label[i] >= 0) {
				t.Errorf("%q: pixel %d has label %d", test.picture, i, label[i])
			}
		}
	}
}

// TestNulls checks what exists when a label never occurs, and who is left out.
func TestNulls(t *testing.T) {
	good := Image{Path: "good", Map: []float32{1, 2}}
	masked := Image{Path: "masked", Anomalous: true, Score: 1, Map: []float32{1, 3}, Truth: []uint8{0, 1}}
	bare := Image{Path: "bare", Anomalous: true, Score: 1, Map: []float32{9, 9}}
	faded := Image{Path: "faded", Anomalous: true, Score: 1, Map: []float32{0, 0}, Truth: []uint8{0, 0}}
	for _, test := range []struct {
		name          string
		images        []Image
		image, pixel  bool
		known         int
		unknown, odd  []string
		good, anomaly int
	}{
		{"good only", []Image{good, good}, false, false, 2, nil, nil, 2, 0},
		{"anomalous only", []Image{masked}, false, true, 1, nil, nil, 0, 1},
		{"no masks", []Image{good, bare}, true, false, 1, []string{"bare"}, nil, 1, 1},
		{"all kinds", []Image{good, masked, bare, faded}, true, true, 3, []string{"bare"}, []string{"faded"}, 1, 3},
		{"no maps", []Image{{Score: 1}, {Score: 2, Anomalous: true}}, true, false, 0, nil, nil, 1, 1},
	} {
		r := collect(t, 2, test.images...)
		if (r.ImageAUROC != nil) != test.image || (r.ImageAP != nil) != test.image || (r.ImageF1Max != nil) != test.image {
			t.Errorf("%s: image figures %v", test.name, r.Metrics)
		}
		if (r.PixelAUROC != nil) != test.pixel || (r.AUPRO != nil) != test.pixel || (r.PixelCurve != nil) != test.pixel {
			t.Errorf("%s: pixel figures %v", test.name, r.Metrics)
		}
		if r.PixelImages != test.known || !slices.Equal(r.Unknown, test.unknown) || !slices.Equal(r.Disagree, test.odd) {
			t.Errorf("%s: %d known, unknown %v, disagree %v", test.name, r.PixelImages, r.Unknown, r.Disagree)
		}
		if r.Good != test.good || r.Anomalous != test.anomaly || r.Images != test.good+test.anomaly {
			t.Errorf("%s: %d good, %d anomalous of %d", test.name, r.Good, r.Anomalous, r.Images)
		}
	}
}

// TestReport checks the mean over classes that lack figures, and the JSON names.
func TestReport(t *testing.T) {
	a := &Class{Name: "a", Metrics: Metrics{ImageAUROC: ptr(1), AUPRO: ptr(0.5)}}
	b := &Class{Name: "b", Metrics: Metrics{ImageAUROC: ptr(0.5)}}
	r := NewReport(a, b)
	if *r.Mean.ImageAUROC != 0.75 || *r.Mean.AUPRO != 0.5 || r.Mean.PixelAP != nil {
		t.Errorf("mean %+v", r.Mean)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"classes":[{"name":"a","images":0,"image_auroc":1,"image_ap":null,"image_f1max":null,"pixel_auroc":null,"pixel_ap":null,"pixel_f1max":null,"aupro":0.5`,
		`"mean":{"image_auroc":0.75,`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("JSON lacks %s:\n%s", want, data)
		}
	}
}

func ptr(v float64) *float64 { return &v }

// TestLists checks worst cases and histograms.
func TestLists(t *testing.T) {
	r := collect(t, 1,
		Image{Path: "g1", Score: 1}, Image{Path: "g5", Score: 5}, Image{Path: "g3", Score: 3},
		Image{Path: "b2", Score: 2, Anomalous: true}, Image{Path: "b9", Score: 9, Anomalous: true})
	names := func(s []Score) string {
		var n []string
		for _, v := range s {
			n = append(n, v.Path)
		}
		return strings.Join(n, " ")
	}
	if got := names(r.FalseAlarms(2)); got != "g5 g3" {
		t.Errorf("false alarms %s", got)
	}
	if got := names(r.Misses(9)); got != "b2 b9" {
		t.Errorf("misses %s", got)
	}
	h := r.Histogram(4)
	if h.Lo != 1 || h.Hi != 9 || !slices.Equal(h.Good, []int{1, 1, 1, 0}) || !slices.Equal(h.Anomalous, []int{1, 0, 0, 1}) {
		t.Errorf("histogram %+v", h)
	}
}

// TestCurve checks that a thinned curve keeps its ends, its order and its bound.
func TestCurve(t *testing.T) {
	var p pool
	for i := range 5000 {
		p.addNegative(float32(i * 7919 % 5000))
		p.addPositive(float32(i*104729%5000+500), 0)
	}
	p.sizes = []int{5000}
	p.sort()
	for _, n := range []int{2, 3, 4, 5, 7, 100, 400} {
		c := p.curve(n)
		if len(c) > n || len(c) < n/2 {
			t.Errorf("%d points for at most %d", len(c), n)
		}
		first, last := c[0], c[len(c)-1]
		if first.Threshold != 5499 || last.TruePositiveRate != 1 || last.FalsePositiveRate != 1 || last.Overlap < 1-1e-9 {
			t.Errorf("%d points: ends %+v and %+v", n, first, last)
		}
		if !slices.IsSortedFunc(c, func(a, b Point) int { return int(b.Threshold - a.Threshold) }) {
			t.Errorf("%d points: not by descending threshold", n)
		}
	}
}

// TestInterval checks an interval against the spread of an AUROC whose standard
// error Hanley and McNeil (1982) give: for 0.8 with 100 and 100 images
// sqrt((0.16 + 99*0.0267 + 99*0.0711) / 100^2) = 0.0314.
func TestInterval(t *testing.T) {
	var p pool
	for i := range 100 {
		// Exponential scores whose rates are 1 and 1/4 have an AUROC of 0.8.
		e := -math.Log((float64(i) + 0.5) / 100)
		p.addNegative(float32(e))
		p.addPositive(float32(4*e), 0)
	}
	p.sizes = []int{100}
	p.sort()
	o := DefaultOptions()
	o.Bootstrap = 2000
	in := p.interval(o)
	const half = 1.96 * 0.0314
	if math.Abs(in.Hi-in.Lo-2*half) > 0.02 || // a sixth of it
		in.Lo > 0.8 || in.Hi < 0.8 || in.Level != 0.95 {
		t.Errorf("interval %+v, want about 0.8 +- %.3f", *in, half)
	}
	if again := p.interval(o); *again != *in {
		t.Errorf("%+v, then %+v with the same seed", *in, *again)
	}
}

func TestCalibrate(t *testing.T) {
	hundred := make([]float32, 99)
	for i := range hundred {
		hundred[i] = float32(99 - i)
	}
	for _, test := range []struct {
		name      string
		scores    []float32
		rate      float64
		last      float32 // the largest score that is still normal
		promised  float64
		deviation float64
	}{
		{"5 %", hundred, 0.05, 95, 0.05, 28.722813232690143},
		{"1 %", hundred, 0.01, 99, 0.01, 28.722813232690143},
		{"more than 99 images can promise", hundred, 0.001, 99, 0.01, 28.722813232690143},
		{"half", hundred, 0.5, 50, 0.5, 28.722813232690143},
		{"one image", []float32{7}, 0.01, 7, 0.5, 0},
		{"ties", []float32{2, 2, 2, 1}, 0.25, 2, 0.2, 0.5},
	} {
		c, err := Calibrate(test.scores, test.rate)
		if err != nil {
			t.Fatal(err)
		}
		if float64(test.last) >= c.Threshold || c.Threshold > float64(test.last)*1.0000003 {
			t.Errorf("%s: threshold %v, want just above %v", test.name, c.Threshold, test.last)
		}
		for q, got := range map[int]float64{90: c.Q90, 99: c.Q99} {
			below := func(v float64) (n int) {
				for _, s := range test.scores {
					if float64(s) < v {
						n++
					}
				}
				return n
			}
			// Enough scores are at most got, and not so without the score got.
			if n := len(test.scores); 100*below(math.Nextafter(got, 1e9)) < q*n || 100*below(got) >= q*n {
				t.Errorf("%s: %d%% quantile %v of %d scores", test.name, q, got, n)
			}
		}
		if math.Abs(c.FalseAlarms-test.promised) > 1e-12 || math.Abs(c.Deviation-test.deviation) > 1e-9 {
			t.Errorf("%s: promises %v, deviation %v, want %v and %v", test.name, c.FalseAlarms, c.Deviation, test.promised, test.deviation)
		}
	}
	for _, test := range []struct {
		scores []float32
		rate   float64
	}{{nil, 0.1}, {hundred, 0}, {hundred, 1}, {hundred, math.NaN()}, {[]float32{1, float32(math.NaN())}, 0.1}} {
		if _, err := Calibrate(test.scores, test.rate); !errors.Is(err, ErrValue) {
			t.Errorf("%d scores, rate %v: %v", len(test.scores), test.rate, err)
		}
	}
}

func TestErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		img  Image
		want string
	}{
		{Image{Score: nan}, "score NaN"},
		{Image{Map: []float32{1, 2, 3}}, "map of 3 values, want 2 x 2"},
		{Image{Map: []float32{1, 2, inf, 4}}, "map holds +Inf at row 1, column 0"},
		{Image{Map: make([]float32, 4), Truth: make([]uint8, 3)}, "truth of 3 pixels for a map of 4"},
		{Image{Truth: make([]uint8, 4)}, "truth of 4 pixels for a map of 0"},
	} {
		c, err := NewCollector("c", 2, 2)
		if err != nil {
			t.Fatal(err)
		}
		test.img.Path = "part.png"
		err = c.Add(test.img)
		if !errors.Is(err, ErrValue) || !strings.Contains(err.Error(), "part.png") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
		if _, err := c.Finish(DefaultOptions()); !errors.Is(err, ErrValue) {
			t.Errorf("a refused image counts: %v", err)
		}
	}
	if _, err := NewCollector("c", 3, 0); !errors.Is(err, ErrValue) {
		t.Errorf("3 x 0: %v", err)
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.AP = 2 }, func(o *Options) { o.F1 = -1 }, func(o *Options) { o.PRO = 2 }, func(o *Options) { o.PROLimit = 0 },
		func(o *Options) { o.PROLimit = 1.01 }, func(o *Options) { o.Curve = 1 }, func(o *Options) { o.Bootstrap = -1 },
		func(o *Options) { o.Bootstrap, o.Level = 9, 1 },
	} {
		o := DefaultOptions()
		change(&o)
		if err := o.Validate(); !errors.Is(err, ErrValue) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// BenchmarkFinish is MVTec as one class: 1,725 maps of 224 x 224, each with a
// defect of 2 % of its area.
func BenchmarkFinish(b *testing.B) {
	const side = 224
	state := uint32(1)
	for b.Loop() {
		c, err := NewCollector("all", side, side)
		if err != nil {
			b.Fatal(err)
		}
		m, truth := make([]float32, side*side), make([]uint8, side*side)
		for y := range 32 {
			for x := range 32 {
				truth[(y+50)*side+x+70] = 1
			}
		}
		for range 1725 {
			for i := range m {
				state ^= state << 13
				state ^= state >> 17
				state ^= state << 5
				m[i] = float32(state>>8)/(1<<24) + float32(truth[i])/4
			}
			if err := c.Add(Image{Anomalous: true, Map: m, Truth: truth}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := c.Finish(DefaultOptions()); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSort compares with the standard library, below and above the length at
// which the method changes.
func TestSort(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 50000} {
		for _, spread := range []uint32{1, 7, 1<<32 - 1} {
			keys := make([]uint32, n)
			for i := range keys {
				keys[i] = uint32(i*2654435761) % spread
			}
			want := slices.Sorted(slices.Values(keys))
			sortKeys(keys)
			if !slices.Equal(keys, want) {
				t.Errorf("%d keys below %d: not sorted", n, spread)
			}
		}
	}
}
