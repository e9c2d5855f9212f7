package plugin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/drdc-dev/drdc/wasm/input"
)

// Trial is one made-up image of a check.
type Trial struct {
	Image   string             `json:"image"`             // "64 x 48 px, 8 refined maps and a base map"
	Score   float64            `json:"score"`             // of the heatmap
	Numbers map[string]float64 `json:"numbers,omitempty"` // that the rule named
	Refused string             `json:"refused,omitempty"` // the rule's own words, when it does not take such an image
	Log     string             `json:"log,omitempty"`     // the end of what it wrote
	Seconds float64            `json:"seconds"`           // of the first run, compiled

	heatmap []float32
}

// trials are the shapes of stacks that a rule meets.
var trials = []struct {
	name    string
	w, h, n int
	base    bool
}{
	{"64 x 48 px, 8 refined maps and a base map", 64, 48, 8, true},
	{"5 x 3 px, 3 refined maps and a base map", 5, 3, 3, true},
	{"33 x 40 px, 4 refined maps, no base map", 33, 40, 4, false},
	{"40 x 33 px, a base map, no refined ones", 40, 33, 0, true},
}

// ErrUnsteady is wrapped when the same image gave different bytes.
var ErrUnsteady = errors.New("not the same again")

// Check holds a module to the contract on made-up images: every result must be usable, the same again after other images, and the
// same compiled and interpreted, bit for bit. A rule may refuse an image in words of its own (drdc.fail), but not all of them. The
// error tells what is wrong; the trials that went well come with it.
func Check(ctx context.Context, module []byte, opts Options, rule RuleOptions) (results []Trial, err error) {
	// A fall-back would hide what is looked for.
	rule.Failure = FailImage
	for _, round := range []struct {
		name        string
		interpreter bool
	}{{"compiled", false}, {"interpreted", true}} {
		opts.Interpreter = round.interpreter
		p, err := Open(ctx, module, opts)
		if err != nil {
			return results, err
		}
		results, err = p.check(ctx, rule, round.name, results)
		if err = errors.Join(err, p.Close(ctx)); err != nil {
			return results, err
		}
	}
	for _, t := range results {
		if t.Refused == "" {
			return results, nil
		}
	}
	return results, fmt.Errorf("plugin: the rule refuses every image: %s", results[0].Refused)
}

// check runs all trials twice, in turns, and compares them with the results so far.
func (p *Plugin) check(ctx context.Context, o RuleOptions, round string, results []Trial) ([]Trial, error) {
	r, err := NewRule(p, o)
	if err != nil {
		return results, err
	}
	for range 2 {
		for i, t := range trials {
			got := Trial{Image: t.name}
			start := time.Now()
			outcome, err := r.FuseImage(ctx, Sample(t.w, t.h, t.n, t.base), input.About{SourceWidth: 2 * t.w, SourceHeight: 2 * t.h, Class: "sample"})
			got.Seconds = time.Since(start).Seconds()
			switch e := new(GuestError); {
			case err == nil:
				got.Score, got.Numbers, got.Log, got.heatmap = outcome.Score, outcome.Numbers, outcome.Log, outcome.Heatmap
			case errors.As(err, &e) && e.Kind == ErrFailed:
				got.Refused, got.Log = e.Detail, e.Log
			default:
				return results, fmt.Errorf("%s, %s: %w", round, t.name, err)
			}
			if i == len(results) {
				results = append(results, got)
			} else if what := results[i].differs(got); what != "" {
				return results, fmt.Errorf("plugin: %s, %s: %w: %s", round, t.name, ErrUnsteady, what)
			}
		}
	}
	return results, nil
}

// differs says where two runs of one image differ, or nothing.
func (t Trial) differs(u Trial) string {
	if t.Refused != u.Refused {
		return fmt.Sprintf("it said %q before and %q now", t.Refused, u.Refused)
	}
	for i := range t.heatmap {
		if math.Float32bits(t.heatmap[i]) != math.Float32bits(u.heatmap[i]) {
			return fmt.Sprintf("pixel %d was %v and is %v", i, t.heatmap[i], u.heatmap[i])
		}
	}
	if math.Float64bits(t.Score) != math.Float64bits(u.Score) {
		return fmt.Sprintf("the score was %v and is %v", t.Score, u.Score)
	}
	for name, v := range t.Numbers {
		if w, ok := u.Numbers[name]; !ok || math.Float64bits(v) != math.Float64bits(w) {
			return fmt.Sprintf("number %q was %v and is %v", name, v, w)
		}
	}
	if len(t.Numbers) != len(u.Numbers) {
		return fmt.Sprintf("it named %d numbers before and %d now", len(t.Numbers), len(u.Numbers))
	}
	return ""
}
