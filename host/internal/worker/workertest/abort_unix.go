//go:build unix

package workertest

import "syscall"

// abort ends the process with SIGABRT, as a driver does.
func abort() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGABRT)
	select {}
}
