//go:build unix

package worker

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// detach puts a worker into a process group of its own, so that Ctrl-C reaches
// the parent alone, which decides.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// ended says how a process ended.
func ended(state *os.ProcessState) string {
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return fmt.Sprintf("signal %d, %s", int(s.Signal()), s.Signal())
	}
	return state.String()
}
