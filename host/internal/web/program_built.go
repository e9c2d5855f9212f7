//go:build page

package web

import (
	"embed"
	"io/fs"
)

// Made by `make build`, from wasm/browser and from Go itself.
//
//go:embed program/program.wasm.gz program/wasm_exec.js
var built embed.FS

// Program holds program.wasm.gz and wasm_exec.js, or the error wraps ErrNoProgram.
func Program() (fs.FS, error) { return fs.Sub(built, "program") }
