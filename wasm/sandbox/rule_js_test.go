package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/admit"
)

// class is what the page of browser_test.go imported.
func class() js.Value { return js.Global().Get("Sandbox") }

// fetched is a file that the page's server has.
func fetched(t *testing.T, name string) []byte {
	t.Helper()
	response, err := await(t.Context(), js.Global().Call("fetch", name))
	if err != nil || !response.Get("ok").Bool() {
		t.Fatalf("%s: status %v, %v", name, response.Get("status"), err)
	}
	buffer, err := await(t.Context(), response.Call("arrayBuffer"))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, buffer.Get("byteLength").Int())
	js.CopyBytesToGo(b, js.Global().Get("Uint8Array").New(buffer))
	return b
}

func open(t *testing.T, name string, o Options) *Rule {
	t.Helper()
	r, err := Open(t.Context(), class(), fetched(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func stack(w, h, n int) *fusion.Stack {
	random := rand.New(rand.NewPCG(1, 2))
	pixels := func() []float32 {
		v := make([]float32, w*h)
		for i := range v {
			v[i] = float32(random.ExpFloat64())
		}
		return v
	}
	s := &fusion.Stack{W: w, H: h, Base: pixels()}
	for i := range n {
		s.Maps = append(s.Maps, fusion.Map{Timestep: 25 * (i + 1), Cell: 8, Scale: 1, Val: pixels()})
	}
	return s
}

// TestRule holds the paper's rule as a plugin to the bytes of the built-in one, image after image.
func TestRule(t *testing.T) {
	builtin, err := fusion.New("paper", fusion.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"paper-c.wasm", "paper-rust.wasm", "paper-go.wasm"} {
		r := open(t, name, Options{Name: name, Config: fusion.Default()})
		if !strings.HasPrefix(r.Name(), name+" (sha256 ") {
			t.Errorf("name %q", r.Name())
		}
		for _, s := range []*fusion.Stack{stack(61, 47, 8), stack(5, 3, 2), stack(61, 47, 8)} {
			want, err := builtin.Fuse(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Fuse(t.Context(), s)
			if err != nil {
				t.Fatal(name, err)
			}
			if !slices.Equal(got.Heatmap, want.Heatmap) || got.Score != want.Score {
				t.Errorf("%s: not the bytes of the built-in rule", name)
			}
		}
	}
}

// TestNumbers follows a parameter in and a number out.
func TestNumbers(t *testing.T) {
	r := open(t, "cell-weights-rust.wasm", Options{Config: fusion.Default(), Params: []abi.Param{{Key: "cell8", Value: "0.5"}}})
	r.Begin(About{SourceWidth: 640, SourceHeight: 480, Class: "screw"})
	if _, err := r.Fuse(t.Context(), stack(20, 20, 6)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.Numbers()); got != "map[weight.total:3]" {
		t.Errorf("numbers %s, want weight.total of 3", got)
	}
}

// TestErrors ends rules that do not end, refuses what the scanner refuses, and goes on afterwards.
func TestErrors(t *testing.T) {
	if _, err := Open(t.Context(), class(), []byte("\x00asm\x01\x00\x00\x00"), Options{}); !errors.Is(err, admit.ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	behaviour := func(n int) fusion.Config {
		c := fusion.Default()
		c.MeanFilter = n // what hostile.wat does
		return c
	}
	for _, test := range []struct {
		behaviour int
		want      string
	}{
		{7, "unreachable"},
		{11, "not done at the deadline of 2000 ms"},
		{15, "pixel 15 of 16 is NaN or was not written"},
		{23, `number "pages" is NaN`},
	} {
		deadline := time.Minute
		if test.behaviour == 11 {
			deadline = 2 * time.Second
		}
		r := open(t, "hostile.wasm", Options{Config: behaviour(test.behaviour), Deadline: deadline})
		for range 2 {
			if _, err := r.Fuse(t.Context(), stack(4, 4, 1)); !errors.Is(err, ErrRule) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("behaviour %d: %v, want %s", test.behaviour, err, test.want)
			}
		}
		r.config = behaviour(1)
		if f, err := r.Fuse(t.Context(), stack(4, 4, 1)); err != nil || f.Score != 1 {
			t.Errorf("after behaviour %d: %v, %v", test.behaviour, f, err)
		}
	}

	// A cancelled image ends long before its deadline, and the next one is made.
	r := open(t, "hostile.wasm", Options{Config: behaviour(11), Deadline: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := r.Fuse(ctx, stack(4, 4, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	r.config = behaviour(1)
	if _, err := r.Fuse(t.Context(), stack(4, 4, 1)); err != nil {
		t.Errorf("after a cancelled image: %v", err)
	}
	r.Close()
	if _, err := r.Fuse(t.Context(), stack(4, 4, 1)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed rule: %v", err)
	}
}
