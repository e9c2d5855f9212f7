package weights

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Replace writes the file at path through a temporary one in the same folder, synced and renamed, so that path never holds a
// part of it. Errors are those of write or the file system's.
func Replace(path string, write func(io.Writer) error) (err error) {
	folder, base := filepath.Split(path)
	if folder == "" {
		folder = "."
	}
	// Not os.CreateTemp: the file gets the permissions that the user's umask leaves.
	temp := filepath.Join(folder, "."+base+"."+rand.Text()+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temp)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("weights: write %s: %w", path, err)
	}
	return syncFolder(folder)
}
