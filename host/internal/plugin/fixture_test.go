package plugin_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
)

// prebuilt is where the committed modules lie.
const prebuilt = "../../../wasm/plugins/prebuilt"

// attacks is where the modules that must be refused or survived lie.
const attacks = "../../../testdata/attacks/plugins"

func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	module, err := plugin.ReadFile(filepath.Join(dir, name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func open(t testing.TB, module []byte, o plugin.Options) *plugin.Plugin {
	t.Helper()
	p, err := plugin.Open(t.Context(), module, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// stack is one of random maps: n refined ones over two cell sizes, and a base map.
func stack(seed uint64, w, h, n int, base bool) *fusion.Stack {
	random := rand.New(rand.NewPCG(seed, 1))
	pixels := func() []float32 {
		v := make([]float32, w*h)
		for i := range v {
			v[i] = float32(random.NormFloat64() * random.ExpFloat64())
		}
		return v
	}
	s := &fusion.Stack{W: w, H: h}
	if base {
		s.Base = pixels()
	}
	for i := range n {
		s.Maps = append(s.Maps, fusion.Map{Timestep: 25 * (i/4 + 1), Cell: 8 << (i % 2), Scale: 1 << (i % 4), Val: pixels()})
	}
	return s
}

// figure adds a line to the table that `go test -v` prints of what the promises name.
func figure(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Log("figure: " + fmt.Sprintf(format, args...))
}

// late reports a missed bound of wall-clock time. It fails a test only with -nightly, on a machine that does nothing else: other
// processes delay us by any time.
func late(t testing.TB, format string, args ...any) {
	t.Helper()
	if *nightly {
		t.Errorf(format, args...)
	} else {
		t.Logf("late, on a machine that may be busy: "+format, args...)
	}
}

// rss is the resident memory of this process in bytes.
func rss(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}
