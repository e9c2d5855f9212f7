package admit_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/wasm/admit"
)

// TestRefusedSoon holds every refusal to 20 ms of processor time, for other processes share this machine.
func TestRefusedSoon(t *testing.T) {
	var slowest time.Duration
	for _, test := range refused {
		took := time.Hour
		for range 3 {
			start := processorTime(t)
			if _, err := admit.Scan(test.module); err == nil {
				t.Errorf("%s: admitted", test.name)
			}
			took = min(took, processorTime(t)-start)
		}
		if took > 20*time.Millisecond {
			t.Errorf("%s: refused after %v, want at most 20ms", test.name, took)
		}
		slowest = max(slowest, took)
	}
	t.Logf("figure: %d modules refused by the scanner: slowest %v of processor time (20ms)", len(refused), slowest)
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
