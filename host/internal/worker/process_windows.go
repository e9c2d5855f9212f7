package worker

import (
	"os"
	"os/exec"
	"syscall"
)

// detach puts a worker into a process group of its own, so that Ctrl-C reaches
// the parent alone, which decides.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// ended says how a process ended.
func ended(state *os.ProcessState) string { return state.String() }
