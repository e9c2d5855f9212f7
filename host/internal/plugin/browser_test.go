package plugin_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/testdata/chromium"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/input"
	"github.com/drdc-dev/drdc/wasm/sandbox"
)

// sandboxPage does the tasks of /tasks.json one after the other.
const sandboxPage = `<!doctype html><meta charset=utf-8><title>rules</title>
<script type="module">
import {Sandbox} from './sandbox.js';
const base64 = v => btoa(Array.from(new Uint8Array(v.buffer), b => String.fromCharCode(b)).join(''));
const rules = {}, answers = [];
for (const {module, deadline, image, maps} of await (await fetch('tasks.json')).json()) {
  const answer = {}, start = performance.now();
  try {
    const key = module + ' ' + deadline;
    if (!rules[key]) {
      const response = await fetch(module + '.wasm');
      if (!response.ok) throw new Error(await response.text());
      rules[key] = await Sandbox.open(await response.arrayBuffer(), {deadline});
    }
    for (const m of maps) m.pixels = new Float32Array(Uint8Array.from(atob(m.pixels), c => c.charCodeAt(0)).buffer);
    const r = await rules[key].fuse(image, maps);
    Object.assign(answer, {heatmap: base64(r.heatmap), score: r.score, numbers: Object.fromEntries(r.numbers), log: r.log});
  } catch (e) { answer.error = e.message; }
  answer.seconds = (performance.now() - start) / 1000;
  answers.push(answer);
}
window.answers = JSON.stringify(answers);
document.title = 'done';
</script>`

// task is one image for one module, and answer what a sandbox in Chromium makes of it.
type (
	task struct {
		Module   string           `json:"module"`
		Deadline int              `json:"deadline"` // milliseconds
		Image    map[string]any   `json:"image"`
		Maps     []map[string]any `json:"maps"`

		stack   *fusion.Stack
		weights fusion.Weights
	}
	answer struct {
		Heatmap []byte             `json:"heatmap"`
		Score   float64            `json:"score"`
		Numbers map[string]float64 `json:"numbers"`
		Log     string             `json:"log"`
		Error   string             `json:"error"`
		Seconds float64            `json:"seconds"`
	}
)

func newTask(module string, deadline time.Duration, meanFilter int, s *fusion.Stack) task {
	w := fusion.Weights{Refined: 0.9, Base: 0.1, Shift: -0.3}
	t := task{Module: module, Deadline: int(deadline.Milliseconds()), stack: s, weights: w, Image: map[string]any{
		"width": s.W, "height": s.H, "sourceWidth": 0, "sourceHeight": 0, "meanFilter": meanFilter,
		"refined": w.Refined, "base": w.Base, "shift": w.Shift, "className": "", "params": [][]string{},
	}}
	for m, pixels := range input.Maps(s) {
		var data []byte
		for _, v := range pixels {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		t.Maps = append(t.Maps, map[string]any{"kind": m.Kind, "timestep": m.Timestep, "cell": m.Cell, "scale": m.Scale, "pixels": data})
	}
	return t
}

// TestBrowser runs modules in headless Chromium with wasm/sandbox, and natively: rules that behave give the same bytes and numbers,
// and what is refused or ended natively is refused or ended there, by the deadline at the latest.
func TestBrowser(t *testing.T) {
	const deadline = time.Second
	modules := map[string][]byte{"hostile": read(t, attacks, "hostile")}
	var tasks []task
	for _, name := range []string{"paper-go", "paper-c", "paper-rust", "trimmed-mean-c", "border-mask-as", "cell-weights-rust", "maximum-wat", "mean-c"} {
		modules[name] = read(t, prebuilt, name)
		for _, s := range []*fusion.Stack{stack(11, 61, 47, 8, true), stack(12, 9, 5, 3, false)} {
			tasks = append(tasks, newTask(name, time.Minute, 21, s))
		}
	}
	endless := []int{spin, spinMemory, spinCalls, spinMap, spinFinish}
	flat := stack(13, 4, 4, 1, false)
	for behaviour := behave; behaviour <= failureTooLong; behaviour++ {
		limit := time.Minute
		if slices.Contains(endless, behaviour) {
			limit = deadline
		}
		// Whatever the rule did, the next image is made.
		tasks = append(tasks, newTask("hostile", limit, behaviour, flat), newTask("hostile", limit, behave, flat))
	}
	// The heaviest that are admitted: compiled, or ended at the deadline.
	compiled := len(tasks)
	for name, module := range heavy() {
		modules[name] = module
		tasks = append(tasks, newTask(name, 10*time.Second, 21, flat))
	}
	answers := inChromium(t, modules, tasks)

	good := 0
	for i, task := range tasks[:compiled] {
		got := answers[i]
		native, nerr := natively(t, modules[task.Module], task)
		name := fmt.Sprintf("%s, mean filter %v", task.Module, task.Image["meanFilter"])
		switch {
		case nerr != nil && got.Error == "":
			t.Errorf("%s: score %v, natively %v", name, got.Score, nerr)
		case nerr == nil && got.Error != "":
			t.Errorf("%s: %s, natively a score of %v", name, got.Error, native.Score)
		case nerr != nil:
			if errors.Is(nerr, plugin.ErrDeadline) != strings.Contains(got.Error, "not done at the deadline") {
				t.Errorf("%s: %s, natively %v", name, got.Error, nerr)
			}
		default:
			good++
			want := make([]byte, 0, 4*len(native.Heatmap))
			for _, v := range native.Heatmap {
				want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v))
			}
			if !reflect.DeepEqual(got.Heatmap, want) || got.Score != float64(native.Score) {
				t.Errorf("%s: other bytes than natively", name)
			}
			if len(got.Numbers)+len(native.Numbers) > 0 && !reflect.DeepEqual(got.Numbers, native.Numbers) {
				t.Errorf("%s: numbers %v, natively %v", name, got.Numbers, native.Numbers)
			}
		}
	}
	figure(t, "in Chromium: %d images with the native bytes and numbers, %d refused or ended as natively", good, compiled-good)

	slowest, ended := 0.0, 0
	for i, task := range tasks[compiled:] {
		got := answers[compiled+i]
		slowest = max(slowest, got.Seconds)
		if strings.Contains(got.Error, "not done at the deadline") {
			ended++
		} else if got.Error == "" {
			t.Errorf("%s: score %v of a module that does nothing", task.Module, got.Score)
		}
	}
	if slowest > 60 {
		t.Errorf("a heavy module was answered after %.1f s, want at most its deadline of 10 s and a busy machine", slowest)
	}
	figure(t, "in Chromium: %d heavy modules compiled and refused, %d of them ended at the deadline; slowest %.1f s", len(tasks)-compiled, ended, slowest)
}

// natively is what the native host makes of a task.
func natively(t *testing.T, module []byte, task task) (plugin.Result, error) {
	t.Helper()
	p := open(t, module, plugin.Options{Deadline: time.Duration(task.Deadline) * time.Millisecond})
	return p.Fuse(t.Context(), abi.Image{
		Width: task.stack.W, Height: task.stack.H, Maps: len(task.Maps), MeanFilter: task.Image["meanFilter"].(int), Weights: abi.Weights(task.weights),
	}, input.Maps(task.stack))
}

// inChromium serves the modules as the scanner gives them, and the tasks.
func inChromium(t *testing.T, modules map[string][]byte, tasks []task) (answers []answer) {
	t.Helper()
	text, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		switch {
		case r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, sandboxPage)
		case name == "tasks.json":
			w.Write(text)
		case filepath.Ext(name) == ".js":
			script, err := fs.ReadFile(sandbox.Files, name)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/javascript")
			w.Write(script)
		default:
			admitted, _, err := admit.Module(modules[strings.TrimSuffix(name, ".wasm")])
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				return
			}
			w.Header().Set("Content-Type", "application/wasm")
			w.Write(admitted)
		}
	}))
	defer server.Close()

	ctx, end := chromium.Start(t.Context(), 5*time.Minute)
	defer end()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.title === 'done'`, chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(100*time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	result, err := chromedp.Run(ctx, chromedp.Evaluate[string]("answers"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(result), &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(tasks) {
		t.Fatalf("%d answers to %d tasks", len(answers), len(tasks))
	}
	return answers
}
