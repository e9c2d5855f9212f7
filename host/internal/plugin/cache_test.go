package plugin_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
)

// TestCache opens a module twice with one folder: the second time nothing is compiled, and the result is the same.
func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "compiled")
	module := read(t, prebuilt, "paper-go")
	var took [2]time.Duration
	for i := range took {
		start := time.Now()
		p, err := plugin.Open(t.Context(), module, plugin.Options{CacheDir: dir})
		took[i] = time.Since(start)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Fuse(t.Context(), one(1), zeros(16)); err != nil {
			t.Error(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if took[1] > took[0]/2 {
		late(t, "opened in %v from the cache, in %v without: want at most half", took[1], took[0])
	}
	figure(t, "Go module: opened in %v, from the cache in %v", took[0], took[1])

	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := plugin.Open(t.Context(), module, plugin.Options{CacheDir: dir}); err == nil || !strings.Contains(err.Error(), "others may write to folder") {
		t.Errorf("a folder open to all: %v", err)
	}
}
