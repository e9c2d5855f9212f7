package worker_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// TestStopped sends every worker SIGSTOP: the watchdog must kill it T later, and
// the next image must succeed.
func TestStopped(t *testing.T) {
	const silence = 700 * time.Millisecond
	c := newClient(t, workertest.Start(workertest.Fault{Step: 100 * time.Millisecond}), silence)
	var stopped []time.Time
	done := make(chan struct{})
	go func() {
		defer close(done)
		seen := map[int]bool{}
		for len(stopped) < 2 {
			time.Sleep(200 * time.Millisecond)
			for _, pid := range children(t) {
				if !seen[pid] {
					seen[pid] = true
					if syscall.Kill(pid, syscall.SIGSTOP) == nil {
						stopped = append(stopped, time.Now())
					}
				}
			}
		}
	}()
	_, err := c.detect(t.Context(), photo(t, "a.png", 0))
	ended := time.Now()
	<-done
	if !errors.Is(err, worker.ErrCrashed) || !strings.Contains(err.Error(), "no sign of life") {
		t.Fatal(err)
	}
	if d := ended.Sub(stopped[1]); d > silence+time.Second {
		t.Errorf("killed %v after SIGSTOP, limit %v", d, silence+time.Second)
	}
	if _, err := c.detect(t.Context(), photo(t, "b.png", 0)); err != nil {
		t.Errorf("the next image: %v", err)
	}
}

// children lists the workers of this process.
func children(t *testing.T) []int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "pid=,comm=", "--ppid", strconv.Itoa(os.Getpid())).Output()
	if err != nil {
		return nil
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 && f[1] != "ps" {
			if pid, err := strconv.Atoi(f[0]); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
