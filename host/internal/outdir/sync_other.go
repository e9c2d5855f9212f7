//go:build !unix

package outdir

import "os"

// SyncFolder makes the names in a folder below root durable. Windows has no
// such call and needs none.
func SyncFolder(*os.Root, string) error { return nil }
