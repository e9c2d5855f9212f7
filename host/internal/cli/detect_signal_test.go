//go:build unix

package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// TestDetectSignals stops a run by a signal to its whole process group, as
// Ctrl-C does, and by one to the parent alone, as kill does.
func TestDetectSignals(t *testing.T) {
	in, model := filepath.Join(t.TempDir(), "in"), modelFile(t, "0.05")
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		photo(t, filepath.Join(in, name+".png"), 110, 200)
	}
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		group  bool
		step   time.Duration // of ten per image
		code   int
	}{
		{"Ctrl-C", syscall.SIGINT, true, 50 * time.Millisecond, exitInterrupt},
		{"Ctrl-C while an image takes long", syscall.SIGINT, true, 10 * time.Second, exitInterrupt},
		{"kill", syscall.SIGTERM, false, 50 * time.Millisecond, exitTerminate},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			fakeWorkers(t, workertest.Fault{Step: test.step})
			cmd := exec.Command(os.Args[0], "detect", "-m", model, "-o", out, in)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// Until one image is done, or the first is under way.
			sign := filepath.Join(out, "heatmaps", "a.png")
			if test.step > time.Second {
				sign = filepath.Join(out, ".drdc", "journal")
			}
			for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
				if _, err := os.Stat(sign); err == nil {
					break
				}
			}
			time.Sleep(200 * time.Millisecond)
			pid := cmd.Process.Pid
			if test.group {
				pid = -pid
			}
			if err := syscall.Kill(pid, test.signal); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != test.code {
				t.Errorf("%v, want exit code %d; it said\n%s", err, test.code, said.String())
			}
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("stopped after %v, limit 2s", d)
			}
			if !bytes.Contains(said.Bytes(), []byte("the same command goes on from there")) {
				t.Errorf("it said\n%s", said.String())
			}
			if _, err := os.Stat(filepath.Join(out, "index.html")); err != nil {
				t.Error(err)
			}

			fakeWorkers(t, workertest.Fault{})
			c := newCapture()
			if code := run(t.Context(), c.environment, []string{"detect", "-m", model, "-o", out, in}); code != exitDone {
				t.Errorf("resumed: exit code %d\n%s", code, c.err.String())
			}
			if test.step < time.Second && !bytes.Contains(c.err.Bytes(), []byte("done before")) {
				t.Errorf("nothing was kept:\n%s", c.err.String())
			}
		})
	}
}
