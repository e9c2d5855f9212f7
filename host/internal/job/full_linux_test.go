package job

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
)

// TestDiskFull writes to a file system that holds a few images' files only.
func TestDiskFull(t *testing.T) {
	in, disk := photos(t, 12), t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	out := filepath.Join(disk, "out")
	c := config(t, workertest.Fault{}, out, in)
	var notes []string
	c.Note = func(text string, _ bool) { notes = append(notes, text) }
	s, err := Run(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the reports do not fit either: %v", err)
	}
	if s.Done == 0 || s.Failed == 0 || s.Done+s.Failed != s.Total {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(strings.Join(notes, "\n"), "no space left on device") {
		t.Errorf("notes %q", notes)
	}
	noTemporary(t, out)

	// With room, the rest is done and what fitted is kept.
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	again := mustRun(t, config(t, workertest.Fault{}, out, in))
	if again.Kept != s.Done || again.Failed != 0 {
		t.Errorf("%+v after %+v", again, s)
	}
	clean := filepath.Join(t.TempDir(), "clean")
	mustRun(t, config(t, workertest.Fault{}, clean, in))
	same(t, contents(t, out), contents(t, clean))
}

// TestReadOnly writes to a folder that cannot be written.
func TestReadOnly(t *testing.T) {
	if err := os.MkdirAll("/proc/self/drdc", 0o755); err == nil {
		t.Fatal("/proc can be written")
	}
	if _, err := Run(t.Context(), config(t, workertest.Fault{}, "/proc/self/drdc", photos(t, 1))); err == nil {
		t.Error("ran")
	}
}
