package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/drdc-dev/drdc/host/internal/engine"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/testdata/demo"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

func demonstrate() command {
	return command{
		name:    "demo",
		summary: "runs detect and eval on built-in images with a built-in model",
		long: "Writes the images and the model to DIR, then DIR/results as detect does, and shows the\n" +
			"metrics. Nothing else is read, nothing is opened; the last line is the page's path.",
		examples: []string{"drdc demo", "drdc demo -o demo --device cpu"},
		uses:     usesDevice | usesProfile,
		setup: func(flags *pflag.FlagSet) runFunc {
			out := flags.StringP("output", "o", "drdc-demo", "the folder to write")
			return func(ctx context.Context, env *environment, _ []string) error {
				return runDemo(ctx, env, *out)
			}
		},
	}
}

func runDemo(ctx context.Context, env *environment, out string) error {
	images, results, model := filepath.Join(out, "images"), filepath.Join(out, "results"), filepath.Join(out, "model.drdc")
	shown, err := unpackDemo(out)
	if err != nil {
		return err
	}
	env.notef("the demo model learned from drawn parts on two CPU cores for little more than two hours: it shows how the program works")
	f := detectFlags{model: model, out: results, threshold: "auto", save: savable(), resume: true}
	plain := *env
	plain.json = false
	if err := runDetect(ctx, &plain, f, engine.DeclareFlags(pflag.NewFlagSet("demo", pflag.ContinueOnError)), nil, []string{images}); err != nil {
		return err
	}
	r, err := measureDemo(results, shown)
	if err != nil {
		return err
	}
	if env.json {
		return env.printJSON(r)
	}
	env.printf("\n")
	if err := writeEval(env, r); err != nil {
		return err
	}
	env.printf("open %s\n", filepath.Join(results, "index.html"))
	return nil
}

// demoImage is an embedded picture: images/CLASS/test/KIND/NAME.
type demoImage struct{ class, kind, name string }

func (d demoImage) embedded() string { return path.Join("images", d.class, "test", d.kind, d.name) }

// truth are the labels of a w x h map; a good image needs none.
func (d demoImage) truth(w, h int) ([]uint8, error) {
	if d.kind == "good" {
		return nil, nil
	}
	mask := path.Join("images", d.class, "ground_truth", d.kind, strings.TrimSuffix(d.name, ".png")+"_mask.png")
	data, err := demo.Files.ReadFile(mask)
	if err != nil {
		return nil, err
	}
	img, err := imgio.Decode(data, mask, imgio.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return imgio.GroundTruth(img, w, h)
}

// unpackDemo writes the model and, as CLASS/KIND/NAME, the pictures.
func unpackDemo(out string) ([]demoImage, error) {
	put := func(from, to string) error {
		data, err := demo.Files.ReadFile(from)
		if err != nil {
			return err
		}
		to = filepath.Join(out, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		return weights.Replace(to, func(w io.Writer) error { _, err := w.Write(data); return err })
	}
	if err := put("model.drdc", "model.drdc"); err != nil {
		return nil, err
	}
	var shown []demoImage
	err := fs.WalkDir(demo.Files, "images", func(p string, e fs.DirEntry, err error) error {
		parts := strings.Split(p, "/")
		if err != nil || e.IsDir() || len(parts) != 5 || parts[2] != "test" {
			return err
		}
		d := demoImage{parts[1], parts[3], parts[4]}
		shown = append(shown, d)
		return put(p, path.Join("images", d.class, d.kind, d.name))
	})
	return shown, err
}

// measureDemo works out the metrics from the raw maps that detect wrote.
func measureDemo(results string, shown []demoImage) (r evalReport, err error) {
	rows, err := readRows(filepath.Join(results, "results.jsonl"))
	if err != nil {
		return r, err
	}
	var classes []*eval.Class
	var collector *eval.Collector
	for i, d := range shown {
		row, ok := rows[path.Join(d.class, d.kind, d.name)]
		if !ok {
			return r, fmt.Errorf("%s: no result for %s", results, d.embedded())
		}
		r.Model, r.Adapter, r.Rule, r.Seconds = row.Model, row.Adapter, row.Rule, r.Seconds+row.Seconds
		raw, err := os.ReadFile(filepath.Join(results, filepath.FromSlash(row.Files["raw"])))
		if err != nil {
			return r, err
		}
		h, err := imgio.ReadNPY(raw, row.Files["raw"], imgio.DefaultLimits())
		if err != nil {
			return r, err
		}
		if collector == nil {
			if collector, err = eval.NewCollector(d.class, h.W, h.H); err != nil {
				return r, err
			}
		}
		truth, err := d.truth(h.W, h.H)
		if err != nil {
			return r, err
		}
		img := eval.Image{Path: d.embedded(), Score: float32(row.Score), Anomalous: d.kind != "good", Map: h.Val, Truth: truth}
		if err := collector.Add(img); err != nil {
			return r, err
		}
		if i+1 == len(shown) || shown[i+1].class != d.class {
			c, err := collector.Finish(eval.DefaultOptions())
			if err != nil {
				return r, err
			}
			classes, collector = append(classes, c), nil
		}
	}
	r.Report = eval.NewReport(classes...)
	return r, nil
}

// demoRow is what the metrics need of a line of results.jsonl.
type demoRow struct {
	Path                 string
	Score, Seconds       float64
	Model, Adapter, Rule string
	Files                map[string]string
}

// readRows reads results.jsonl by the last three elements of the paths.
func readRows(file string) (rows map[string]demoRow, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows = map[string]demoRow{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var row demoRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		parts := strings.Split(filepath.ToSlash(row.Path), "/")
		rows[path.Join(parts[max(0, len(parts)-3):]...)] = row
	}
	return rows, lines.Err()
}
