package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// task is something that the main thread of a page did without a pause, in
// milliseconds: by the clock and of the processor, and what of both is the garbage
// collector's, which comes when V8 wants it, for the strings of the test too.
type task struct {
	wall, processor                   float64
	collectorWall, collectorProcessor float64
	what                              []string // its parts
}

// ownWall and ownProcessor are without the garbage collector.
func (t task) ownWall() float64      { return t.wall - t.collectorWall }
func (t task) ownProcessor() float64 { return t.processor - t.collectorProcessor }

func (t task) String() string {
	return fmt.Sprintf("%.0f ms, %.0f of the processor (%s)", t.wall, t.processor, strings.Join(t.what, ", "))
}

// traced is an event of Chromium's tracing, in microseconds.
type traced struct {
	Name     string  `json:"name"`
	Phase    string  `json:"ph"`
	Process  int     `json:"pid"`
	Thread   int     `json:"tid"`
	Start    float64 `json:"ts"`
	Wall     float64 `json:"dur"`
	Computed float64 `json:"tdur"`
	Args     struct {
		Name string `json:"name"` // of a thread
		Data struct {
			Function string `json:"functionName"`
			URL      string `json:"url"`
			Type     string `json:"type"`
		} `json:"data"`
	} `json:"args"`
}

// trace watches the tab's main thread until the result is called, which returns the
// tasks that took longest, the longest first.
func (p tab) trace() func() []task {
	p.Helper()
	var mu sync.Mutex
	var events []traced
	whole := make(chan bool, 1)
	if err := chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			mu.Lock()
			defer mu.Unlock()
			for _, v := range e.Value {
				var t traced
				// Arguments of other kinds of events have other types.
				if json.Unmarshal(v, &t) == nil && (t.Name == "thread_name" || t.Phase == "X" && t.Wall >= 1000) {
					events = append(events, t)
				}
			}
		case *tracing.EventTracingComplete:
			whole <- !e.DataLossOccurred
		}
	}); err != nil {
		p.Fatal(err)
	}
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{
			TraceBufferSizeInKb: 400 << 10, IncludedCategories: []string{"toplevel", "devtools.timeline"}, ExcludedCategories: []string{"*"},
		}})
		return err
	}))
	return func() []task {
		p.Helper()
		p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { return t.Call(ctx, tracing.CommandEnd, nil, nil) }))
		if !<-whole {
			p.Error("the trace lost events")
		}
		mu.Lock()
		defer mu.Unlock()
		return tasks(events)
	}
}

// tasks finds those of the main threads.
func tasks(events []traced) []task {
	main := map[[2]int]bool{}
	for _, e := range events {
		if e.Name == "thread_name" && e.Args.Name == "CrRendererMain" {
			main[[2]int{e.Process, e.Thread}] = true
		}
	}
	slices.SortStableFunc(events, func(a, b traced) int { // a task before its parts
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Wall, a.Wall))
	})
	var all []task
	ends, last := map[[2]int]float64{}, map[[2]int]int{} // of each thread
	for _, e := range events {
		thread := [2]int{e.Process, e.Thread}
		switch {
		case !main[thread] || e.Phase != "X":
		case e.Start >= ends[thread]:
			ends[thread], last[thread] = e.Start+e.Wall, len(all)
			all = append(all, task{wall: e.Wall / 1000, processor: e.Computed / 1000})
		case e.Name == "MajorGC" || e.Name == "MinorGC":
			t := &all[last[thread]]
			t.collectorWall += e.Wall / 1000
			t.collectorProcessor += e.Computed / 1000
			t.what = append(t.what, fmt.Sprintf("%s %.0f/%.0f", e.Name, e.Wall/1000, e.Computed/1000))
		case e.Wall >= 5000 && !strings.HasPrefix(e.Name, "V8.GC"):
			what := e.Name
			for _, more := range []string{e.Args.Data.Type, e.Args.Data.Function, e.Args.Data.URL[strings.LastIndexByte(e.Args.Data.URL, '/')+1:]} {
				if more != "" {
					what += " " + more
				}
			}
			t := &all[last[thread]]
			t.what = append(t.what, fmt.Sprintf("%s %.0f/%.0f", what, e.Wall/1000, e.Computed/1000))
		}
	}
	slices.SortStableFunc(all, func(a, b task) int { return cmp.Compare(b.wall, a.wall) })
	return all
}

// TestTasks: parts go to the task of their own thread, and the collector's time is apart.
func TestTasks(t *testing.T) {
	event := func(name string, process int, start, wall, computed float64) traced {
		return traced{Name: name, Phase: "X", Process: process, Thread: 1, Start: start, Wall: wall, Computed: computed}
	}
	events := []traced{
		event("MajorGC", 1, 3000, 40_000, 30_000), event("RunTask", 1, 1000, 60_000, 45_000), event("V8.GC_MC_MARK", 1, 4000, 9000, 9000),
		event("RunTask", 2, 2000, 90_000, 10_000), event("Layout", 2, 5000, 20_000, 8000), event("RunTask", 3, 0, 500_000, 500_000),
		event("RunTask", 1, 70_000, 1000, 900),
	}
	for process := 1; process <= 2; process++ { // the third is no main thread
		e := traced{Name: "thread_name", Phase: "M", Process: process, Thread: 1}
		e.Args.Name = "CrRendererMain"
		events = append(events, e)
	}
	want := []task{
		{wall: 90, processor: 10, what: []string{"Layout 20/8"}},
		{wall: 60, processor: 45, collectorWall: 40, collectorProcessor: 30, what: []string{"MajorGC 40/30"}},
		{wall: 1, processor: 0.9},
	}
	if got := tasks(events); !reflect.DeepEqual(got, want) || got[1].ownWall() != 20 || got[1].ownProcessor() != 15 {
		t.Errorf("tasks %v, want %v", got, want)
	}
}
