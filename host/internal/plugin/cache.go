package plugin

import (
	"fmt"
	"os"
	"runtime"

	"github.com/tetratelabs/wazero"
)

// openCache keeps compiled modules in a folder, or in memory if dir is "". What lies in the folder is run as it is, so a folder
// that others may write to is refused.
func openCache(dir string) (wazero.CompilationCache, error) {
	if dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("plugin: cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("plugin: cache: %w", err)
	}
	// Windows has no such bits; a user's own folders are closed to others there.
	if mode := info.Mode().Perm(); mode&0o022 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("plugin: cache: others may write to folder %s (mode %04o): remove that right", dir, mode)
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("plugin: cache: %w", err)
	}
	return cache, nil
}
