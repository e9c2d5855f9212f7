package weights

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// replaceFile writes a file through a temporary one in the same folder, so that path never holds a part of it.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	folder, base := filepath.Split(path)
	if folder == "" {
		folder = "."
	}
	f, err := os.CreateTemp(folder, "."+base+".*.tmp")
	if err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	return syncFolder(folder)
}
