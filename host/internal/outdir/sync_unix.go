//go:build unix

package outdir

import (
	"errors"
	"os"
)

// SyncFolder makes the names in a folder below root durable. Windows has no
// such call and needs none.
func SyncFolder(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
