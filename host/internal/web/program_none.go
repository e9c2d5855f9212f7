//go:build !page

package web

import "io/fs"

// Program holds program.wasm.gz and wasm_exec.js, or the error wraps ErrNoProgram.
func Program() (fs.FS, error) { return nil, ErrNoProgram }
