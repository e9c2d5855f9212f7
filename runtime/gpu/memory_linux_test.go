package gpu

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var exhaust = flag.Bool("exhaust", false, "allocate until the device has no memory left (TestOutOfMemory in its own process)")

// A device without memory gives an error and goes on working. The CPU adapter
// takes its memory from the process, so a process with little is enough.
func TestOutOfMemory(t *testing.T) {
	if *exhaust {
		exhaustMemory(t)
		return
	}
	if kind := open(t, Options{}).Adapter().Type; kind != CPU {
		t.Skipf("a %s adapter has memory that this test cannot limit", kind)
	}
	const limit = "6000000" // KiB of address space: 1 GiB buffers fit, 64 do not
	cmd := exec.Command("sh", "-c", `ulimit -v `+limit+` && exec "$@"`, "sh", os.Args[0], "-test.run=^TestOutOfMemory$", "-test.v", "-exhaust", "-device="+*device)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestOutOfMemory") {
		t.Errorf("%v\n%s", err, out)
	}
}

func exhaustMemory(t *testing.T) {
	d := open(t, Options{})
	var held []*Buffer
	for range 64 {
		b, err := d.NewBuffer("big", 1<<30, UseStorage)
		if err != nil {
			wantError(t, err, ErrOutOfMemory, `"big"`, "1 GiB")
			break
		}
		held = append(held, b)
	}
	n := len(held)
	if n == 0 || n == 64 {
		t.Errorf("%d buffers of 1 GiB fitted", n)
	}
	if want := (Usage{Live: n, Created: n, Bytes: uint64(n) << 30, Peak: uint64(n) << 30}); d.Used() != want {
		t.Errorf("used %+v, want %+v", d.Used(), want)
	}
	for _, b := range held {
		check(t, b.Close())
	}
	out, err := play(d)
	if err != nil || out[0] != 42 || errors.Is(d.Err(), ErrLost) {
		t.Errorf("after the error: %v, %v, %v", out, err, d.Err())
	}
}
