//go:build unix

package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// TestEvalSignal stops an evaluation that has no folder of its own: what is done is
// kept, the command says where, and a run there does only the rest.
func TestEvalSignal(t *testing.T) {
	data, model, temp := parts(t), modelFile(t, "null"), t.TempDir()
	fakeWorkers(t, workertest.Fault{Step: 50 * time.Millisecond})
	cmd := exec.Command(os.Args[0], "eval", "-m", model, "--data", data)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if done, err := filepath.Glob(filepath.Join(temp, "*", "raw", "*.npy")); err != nil || len(done) > 1 {
			break
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupt {
		t.Errorf("%v, want exit code %d; it said\n%s", err, exitInterrupt, said.String())
	}
	place := regexp.MustCompile(`the same command with -o (\S+) goes on from there`).FindSubmatch(said.Bytes())
	if place == nil {
		t.Fatalf("it said\n%s", said.String())
	}
	before, err := filepath.Glob(filepath.Join(string(place[1]), "raw", "*.npy"))
	if err != nil || len(before) < 1 {
		t.Fatalf("%d maps in %s (%v)", len(before), place[1], err)
	}
	made, err := os.Stat(before[0])
	if err != nil {
		t.Fatal(err)
	}
	fakeWorkers(t, workertest.Fault{})
	f, _ := evalJSON(t, exitDone, "-m", model, "--data", data, "-o", string(place[1]))
	if len(f.Classes) != 2 || f.Classes[0].Images != 6 {
		t.Errorf("resumed: %+v", f)
	}
	if again, err := os.Stat(before[0]); err != nil || !again.ModTime().Equal(made.ModTime()) {
		t.Errorf("a map was made twice (%v)", err)
	}
}
