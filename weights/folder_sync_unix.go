//go:build unix

package weights

import (
	"fmt"
	"os"
)

// syncFolder makes a rename in the folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("weights: sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("weights: sync folder %s: %w", path, err)
	}
	return nil
}
