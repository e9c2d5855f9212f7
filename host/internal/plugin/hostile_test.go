package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/admit/craft"
)

// What hostile.wat does for a mean filter of that number.
const (
	behave         = 1
	spin           = 2
	spinMemory     = 3
	spinCalls      = 4
	grow           = 5
	recurse        = 6
	trap           = 7
	divide         = 8
	outOfBounds    = 9
	exit           = 10
	spinMap        = 11
	outOfBoundsMap = 12
	spinFinish     = 13
	writeNothing   = 14
	leaveLastOut   = 15
	writeNaN       = 16
	writeInf       = 17
	scoreNaN       = 18
	writeBeyond    = 19
	failure        = 20
	failureBeyond  = 21
	badName        = 22
	badNumber      = 23
	numberTwice    = 24
	manyNumbers    = 25
	flood          = 26
	probe          = 27
	callNull       = 28
	failureTooLong = 29
)

// one is an image of 4 x 4 pixels with one map, for a behaviour of hostile.wat.
func one(behaviour int) abi.Image {
	return abi.Image{Width: 4, Height: 4, Maps: 1, MeanFilter: behaviour}
}

// zeros is one map of n zeros.
func zeros(n int) iter.Seq2[abi.Map, []float32] {
	return func(yield func(abi.Map, []float32) bool) { yield(abi.Map{}, make([]float32, n)) }
}

// good runs a plugin that behaves: whatever another did, this must work.
func good(t testing.TB, p *plugin.Plugin) {
	t.Helper()
	r, err := p.Fuse(t.Context(), one(behave), zeros(16))
	if err != nil {
		t.Fatal("a good plugin after a bad one: ", err)
	}
	if r.Score != 1 || r.Min != 1 || r.Max != 1 {
		t.Fatalf("a good plugin after a bad one: score %v, %v to %v, want 1", r.Score, r.Min, r.Max)
	}
}

// TestTrapped holds each misbehaviour to its error and to 300 ms, and lets the same plugin behave afterwards.
func TestTrapped(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		p := open(t, read(t, attacks, "hostile"), plugin.Options{Deadline: time.Minute, Interpreter: interpreter})
		var slowest time.Duration
		for _, test := range []struct {
			name      string
			behaviour int
			kind      error
			want      string
		}{
			{"unreachable", trap, plugin.ErrTrap, "plugin: begin: trap: unreachable"},
			{"division by zero", divide, plugin.ErrTrap, "plugin: begin: trap: integer divide by zero"},
			{"load out of bounds", outOfBounds, plugin.ErrTrap, "plugin: begin: trap: out of bounds memory access"},
			{"load out of bounds in a map", outOfBoundsMap, plugin.ErrTrap, "plugin: map 0: trap: out of bounds memory access"},
			{"store out of bounds", writeBeyond, plugin.ErrTrap, "plugin: finish: trap: out of bounds memory access"},
			{"endless recursion", recurse, plugin.ErrTrap, "plugin: begin: trap: stack overflow"},
			{"call of nothing", callNull, plugin.ErrTrap, "plugin: begin: trap: invalid table access"},
			{"proc_exit", exit, plugin.ErrExit, "plugin: begin: exited: with code 3"},
			{"its own words", failure, plugin.ErrFailed, "plugin: begin: the rule reports: no\ufffd[31m luck"},
			{"words beyond the memory", failureBeyond, plugin.ErrOutput, "plugin: begin: unusable output: 32 bytes of text at address 4294967280: beyond the memory of 4194304 bytes"},
			{"4 GB of words", failureTooLong, plugin.ErrFailed, "plugin: begin: the rule reports: "},
			{"nothing written", writeNothing, plugin.ErrOutput, "plugin: finish: unusable output: pixel 0 of 16 is NaN or was not written"},
			{"one pixel left out", leaveLastOut, plugin.ErrOutput, "plugin: finish: unusable output: pixel 15 of 16 is NaN or was not written"},
			{"NaN", writeNaN, plugin.ErrOutput, "plugin: finish: unusable output: pixel 0 of 16 is NaN or was not written"},
			{"infinity", writeInf, plugin.ErrOutput, "plugin: finish: unusable output: pixel 0 of 16 is -Inf or was not written"},
			{"NaN score", scoreNaN, plugin.ErrOutput, "plugin: finish: unusable output: the score is NaN"},
			{"name of a number", badName, plugin.ErrOutput, `plugin: begin: unusable output: name "Bad name" of a number: want 1 to 64 of a-z 0-9 _ - .`},
			{"NaN number", badNumber, plugin.ErrOutput, `plugin: begin: unusable output: number "pages" is NaN, want a finite one`},
			{"number twice", numberTwice, plugin.ErrOutput, `plugin: begin: unusable output: number "pages" given twice`},
			{"65 numbers", manyNumbers, plugin.ErrOutput, `plugin: begin: unusable output: number "mc" is one more than the 64 of an image`},
		} {
			t.Run(fmt.Sprintf("%s/interpreter=%v", test.name, interpreter), func(t *testing.T) {
				start := time.Now()
				_, err := p.Fuse(t.Context(), one(test.behaviour), zeros(16))
				took := time.Since(start)
				if !errors.Is(err, test.kind) || !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("got  %v\nwant %s", err, test.want)
				}
				if e := new(plugin.GuestError); !errors.As(err, &e) {
					t.Errorf("error is a %T, want a *GuestError", err)
				}
				if took > 300*time.Millisecond {
					late(t, "took %v, want at most 300ms", took)
				}
				slowest = max(slowest, took)
				good(t, p)
			})
		}
		figure(t, "traps, exits and bad outputs, interpreter %v: slowest %v (300ms)", interpreter, slowest)
	}
}

// TestPlaces gives every wrong answer to drdc_alloc; the sizes are those of one(): 96 bytes for records and a map, 64 for a heatmap.
func TestPlaces(t *testing.T) {
	refused := 0
	constant := func(n ...byte) []byte { return craft.Code(append([]byte{0x41}, n...)...) }
	for _, test := range []struct {
		name  string
		alloc []byte
		want  string
	}{
		{"no room", constant(0), "plugin: alloc: unusable output: no room for 96 bytes in a memory of 65536"},
		{"odd", constant(1), "plugin: alloc: unusable output: address 1 is no multiple of 16"},
		{"at the end", constant(0xf0, 0xff, 3), "plugin: alloc: unusable output: 96 bytes at address 65520: beyond the memory of 65536 bytes"},
		{"at the end of 32 bits", constant(0x70), "plugin: alloc: unusable output: 96 bytes at address 4294967280: beyond the memory of 65536 bytes"},
		{"twice the same", constant(0x80, 0x20), "plugin: alloc: unusable output: 96 bytes at address 4096 overlap 64 bytes at 4096"},
		// 4288 - 2n.
		{"crossing", craft.Code(0x41, 0xc0, 0x21, 0x20, 0, 0x41, 2, 0x6c, 0x6b), "plugin: alloc: unusable output: 96 bytes at address 4096 overlap 64 bytes at 4160"},
	} {
		module := craft.Minimal().With(craft.Parts{10: craft.Bodies(map[int][]byte{1: test.alloc})}).Bytes()
		p := open(t, module, plugin.Options{})
		if _, err := p.Fuse(t.Context(), one(1), zeros(16)); err == nil || err.Error() != test.want || !errors.Is(err, plugin.ErrOutput) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
		}
		refused++
	}
	figure(t, "%d wrong places for records and heatmap refused: beyond the memory, beyond 32 bits, odd, overlapping", refused)
}

// TestStart opens modules that cannot be started.
func TestStart(t *testing.T) {
	endless := craft.Code(0x03, 0x40, 0x0c, 0, 0x0b)
	for _, test := range []struct {
		name   string
		change map[int][]byte
		kind   error
		want   string
	}{
		{"a later version", map[int][]byte{0: craft.Code(0x41, 2)}, plugin.ErrVersion, "plugin: start: another version of the contract: the module has 2, this host 1"},
		{"trap", map[int][]byte{5: craft.Code(0x00)}, plugin.ErrTrap, "plugin: start: trap: unreachable"},
		{"endless", map[int][]byte{5: endless}, plugin.ErrDeadline, "plugin: start: not done at the deadline"},
		{"not valid", map[int][]byte{5: craft.Code(0x6a)}, plugin.ErrCompile, "plugin: not valid WebAssembly: "},
	} {
		module := craft.Minimal().With(craft.Parts{10: craft.Bodies(test.change)}).Bytes()
		p, err := plugin.Open(t.Context(), module, plugin.Options{Deadline: 50 * time.Millisecond})
		if err == nil {
			p.Close(t.Context())
		}
		if !errors.Is(err, test.kind) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
		}
	}

	module := craft.Minimal().Bytes()
	if _, err := plugin.Open(t.Context(), module, plugin.Options{SHA256: strings.Repeat("0", 64)}); !errors.Is(err, plugin.ErrDigest) {
		t.Errorf("another digest: %v", err)
	}
	p := open(t, module, plugin.Options{})
	open(t, module, plugin.Options{SHA256: strings.ToUpper(p.Digest())})
}

// TestEndless runs each kind of endless loop 200 times from 8 goroutines: each must end within 100 ms of its deadline.
func TestEndless(t *testing.T) {
	const deadline, slack, rounds = 5 * time.Millisecond, 100 * time.Millisecond, 200
	module := read(t, attacks, "hostile")
	healthy, p := open(t, module, plugin.Options{}), open(t, module, plugin.Options{Deadline: deadline})
	var worst time.Duration
	var mu sync.Mutex
	for _, behaviour := range []int{spin, spinMemory, spinCalls, spinMap, spinFinish} {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range rounds / 8 {
					_, err := p.Fuse(context.Background(), one(behaviour), zeros(16))
					e := new(plugin.GuestError)
					if !errors.Is(err, plugin.ErrDeadline) || !errors.As(err, &e) {
						t.Errorf("behaviour %d: %v", behaviour, err)
						return
					}
					mu.Lock()
					worst = max(worst, e.Ran-deadline)
					mu.Unlock()
				}
			})
		}
		group.Wait()
		good(t, healthy)
	}
	if worst > slack {
		late(t, "ended %v after the deadline, want at most %v", worst, slack)
	}
	figure(t, "5 kinds of endless loop, %d runs each from 8 goroutines: ended at most %v after the deadline (100ms)", rounds, worst)
}

// TestCancel ends an endless loop from outside.
func TestCancel(t *testing.T) {
	p := open(t, read(t, attacks, "hostile"), plugin.Options{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	if _, err := p.Fuse(ctx, one(spin), zeros(16)); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause of the cancellation", err)
	}
	good(t, p)
}

// TestMemory lets a module grow to the end.
func TestMemory(t *testing.T) {
	p := open(t, read(t, attacks, "hostile"), plugin.Options{Instances: 1})
	good(t, p)
	debug.FreeOSMemory()
	before, most := rss(t), 0
	for range 3 {
		r, err := p.Fuse(t.Context(), one(grow), zeros(16))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Numbers["pages"]; got != admit.MemoryPages {
			t.Errorf("grew to %v pages, want %d", got, admit.MemoryPages)
		}
		most = max(most, rss(t)-before)
	}
	if most > 40<<20 {
		t.Errorf("resident memory grew by %d MiB, want at most 40", most>>20)
	}
	figure(t, "memory.grow to the end: %d pages (512), resident memory +%.1f MiB (40)", admit.MemoryPages, float64(most)/(1<<20))
}

// TestProbe looks at what WASI lets through.
func TestProbe(t *testing.T) {
	t.Setenv("DRDC_TEST_SECRET", "1")
	p := open(t, read(t, attacks, "hostile"), plugin.Options{})
	var first map[string]float64
	for range 2 {
		start := time.Now()
		r, err := p.Fuse(t.Context(), one(probe), zeros(16))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("a sleep of an hour took %v", took)
		}
		n := r.Numbers
		// Errors of WASI: 8 is a bad file descriptor, 21 a bad address.
		if n["args"] != 0 || n["environ"] != 0 || n["file"] != 8 || n["fault"] != 21 || n["poll"] != 0 {
			t.Errorf("WASI lets through: %v", n)
		}
		if n["clock"] != 946684800001e6 {
			t.Errorf("the clock says %v, want a millisecond into the year 2000", n["clock"])
		}
		// The instance is the same, reset: its random bytes must be too.
		if first != nil && first["random"] != n["random"] {
			t.Errorf("random bytes %v, then %v", first["random"], n["random"])
		}
		first = n
	}
	figure(t, "WASI: 0 arguments, 0 variables, no file, fake clock, sleep returns")
}

// TestFlood writes 13 MB to the log.
func TestFlood(t *testing.T) {
	p := open(t, read(t, attacks, "hostile"), plugin.Options{})
	r, err := p.Fuse(t.Context(), one(flood), zeros(16))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Log) == 0 || len(r.Log) > 3*64<<10 {
		t.Errorf("%d bytes of log, want at most 64 KiB before control characters are replaced", len(r.Log))
	}
	if strings.ContainsAny(r.Log, "\x00\x1b") {
		t.Error("control characters in the log")
	}
}

// TestGo runs a guest of the stock Go toolchain that misbehaves.
func TestGo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hostile-go.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "./testdata/attacks/plugins/hostile-go")
	build.Dir = filepath.Join("..", "..", "..")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	module := read(t, filepath.Dir(file), "hostile-go")
	patient, strict := open(t, module, plugin.Options{Deadline: time.Minute}), open(t, module, plugin.Options{Deadline: 2 * time.Second})
	healthy := open(t, read(t, attacks, "hostile"), plugin.Options{})
	for _, test := range []struct {
		do      string
		kind    error
		log     string
		endless bool // it takes all the time there is
	}{
		{"", plugin.ErrFailed, "", false},
		{"panic", plugin.ErrTrap, "panic: of a guest", false},
		{"index", plugin.ErrTrap, "index out of range [5] with length 0", false},
		{"alloc", plugin.ErrTrap, "out of memory", false},
		{"grow", plugin.ErrTrap, "out of memory", false},
		{"deadlock", plugin.ErrTrap, "deadlock", false},
		{"recurse", nil, "", true},
		{"spin", plugin.ErrDeadline, "", true},
	} {
		img := one(1)
		if test.do != "" {
			img.Params = []abi.Param{{Key: "do", Value: test.do}}
		}
		debug.FreeOSMemory()
		before, start := rss(t), time.Now()
		p := patient
		if test.endless {
			p = strict
		}
		_, err := p.Fuse(t.Context(), img, zeros(16))
		took, grown := time.Since(start), rss(t)-before
		e := new(plugin.GuestError)
		if !errors.As(err, &e) || test.kind != nil && !errors.Is(err, test.kind) || !strings.Contains(e.Log, test.log) {
			t.Errorf("%s: %v, log %.300q; want %v with %q", test.do, err, e.Log, test.kind, test.log)
		}
		if !test.endless && test.do != "grow" && took > 300*time.Millisecond { // growing to the end is bounded in memory
			late(t, "%s: took %v, want at most 300ms", test.do, took)
		}
		if grown > 40<<20 {
			t.Errorf("%s: resident memory grew by %d MiB, want at most 40", test.do, grown>>20)
		}
		figure(t, "Go guest, %q: %v, %v, resident memory %+.1f MiB", test.do, err, took.Round(time.Millisecond), float64(grown)/(1<<20))
		good(t, healthy)
	}
}
