package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// TestTree holds the whole source tree to the rules.
func TestTree(t *testing.T) {
	files := sources(t, ".go")
	if len(files) < 20 {
		t.Fatalf("found %d Go files below %s: not the source tree", len(files), root)
	}
	for _, f := range files {
		found, err := violations(f)
		if err != nil {
			t.Error(err)
		}
		for _, v := range found {
			t.Error(v)
		}
	}
}

// TestRules shows each rule broken, and the nearest thing that is right.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		name, file, source string
		want               string // part of the one violation; empty for none
	}{
		{"kernels may import shaders", "kernels/a.go", `package kernels; import _ "github.com/drdc-dev/drdc/shaders"`, ""},
		{"shaders import nothing", "shaders/a.go", `package shaders; import _ "github.com/drdc-dev/drdc/kernels"`, "must not import kernels"},
		{"kernels never touch the GPU", "kernels/a.go", `package kernels; import _ "github.com/drdc-dev/drdc/runtime/gpu"`, "must not import runtime/gpu"},
		{"nor behind a build tag", "kernels/a_js.go", "//go:build js\n\npackage kernels\n" + `import _ "github.com/drdc-dev/drdc/runtime/gpu"`, "must not import runtime/gpu"},
		{"nor in a test", "kernels/a_test.go", `package kernels_test; import _ "github.com/drdc-dev/drdc/runtime/gpu"`, "must not import runtime/gpu"},
		{"gpu stands alone", "runtime/gpu/a.go", `package gpu; import _ "github.com/drdc-dev/drdc/kernels"`, "must not import kernels"},
		{"weights keep to themselves", "weights/torch/a.go", `package torch; import _ "github.com/drdc-dev/drdc/weights"`, ""},
		{"runtime does not know its host", "runtime/detect/a.go", `package detect; import _ "github.com/drdc-dev/drdc/host/internal/cli"`, "must not import host"},
		{"the host sees one folder of wasm", "host/a.go", `package host; import _ "github.com/drdc-dev/drdc/wasm/abi"`, ""},
		{"and no other", "host/a.go", `package host; import _ "github.com/drdc-dev/drdc/wasm/guest"`, "must not import wasm/guest"},
		{"a prefix is not a folder", "host/a.go", `package host; import _ "github.com/drdc-dev/drdc/weightsx"`, "must not import weightsx"},
		{"a new folder needs a row", "tools/a.go", `package tools; import _ "github.com/drdc-dev/drdc/weights"`, "must not import weights"},
		{"an external test reads goldens", "kernels/a_test.go", `package kernels_test; import _ "github.com/drdc-dev/drdc/weights"`, ""},
		{"an internal one does not", "kernels/a_test.go", `package kernels; import _ "github.com/drdc-dev/drdc/weights"`, "must not import weights"},
		{"tests share a browser", "kernels/a_test.go", `package kernels; import _ "github.com/drdc-dev/drdc/testdata/chromium"`, ""},
		{"nothing else has one", "kernels/a.go", `package kernels; import _ "github.com/drdc-dev/drdc/testdata/chromium"`, "must not import testdata/chromium"},
		{"one binding", "runtime/gpu/a.go", `package gpu; import _ "github.com/cogentcore/webgpu/wgpu"`, ""},
		{"one importer of it", "runtime/graph/a_test.go", `package graph; import _ "github.com/cogentcore/webgpu/wgpu"`, "belongs to runtime/gpu"},
		{"one importer of wazero", "host/internal/worker/a.go", `package worker; import _ "github.com/tetratelabs/wazero/api"`, "belongs to host/internal/plugin"},
		{"runtime is only a folder", "runtime/graph/a.go", `package graph; import _ "github.com/drdc-dev/drdc/runtime"`, "shadows"},
		{"libraries never log", "runtime/graph/a.go", `package graph; import _ "log/slog"`, "imports log/slog"},
		{"nor in tests", "runtime/graph/a_test.go", `package graph; import _ "log"`, "imports log"},
		{"programs may", "wasm/browser/a.go", `package main; import _ "log"`, ""},
		{"libraries never exit", "weights/a.go", `package weights; import "os"; func f() { os.Exit(1) }`, "uses os.Exit"},
		{"under any name", "weights/a.go", `package weights; import sys "os"; func f() { sys.Exit(1) }`, "uses os.Exit"},
		{"or none", "weights/a.go", `package weights; import . "os"; func f() { Exit(1) }`, "with a dot"},
		{"nor read the environment", "weights/a.go", `package weights; import "syscall"; var v, _ = syscall.Getenv("A")`, "uses syscall.Getenv"},
		{"nor take the function", "weights/a.go", `package weights; import "os"; var get = os.LookupEnv`, "uses os.LookupEnv"},
		{"tests read variables", "weights/a_test.go", `package weights; import "os"; var v = os.Getenv("A")`, ""},
		{"programs too", "host/drdc/main.go", `package main; import "os"; func main() { os.Exit(len(os.Getenv("A"))) }`, ""},
		{"another Exit is fine", "weights/a.go", `package weights; import "os"; var _ = os.Args; func f(x interface{ Exit() }) { x.Exit() }`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := violations(file{test.file, test.source})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.want == "" && len(found) > 0:
				t.Errorf("unexpected: %q", found)
			case test.want != "" && !slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, test.want) }):
				t.Errorf("got %q, want one with %q", found, test.want)
			}
		})
	}
}

// TestWords looks for notes to self and for paths of somebody's machine.
func TestWords(t *testing.T) {
	// Put together here, so that this file is clean too.
	words := []string{"TO" + "DO", "FIX" + "ME", "X" + "XX", `"/ho` + "me/", `"/wo` + "rk/", `"/ro` + "ot/", `C:\Us` + "ers"}
	for _, f := range sources(t, ".go", ".wgsl") {
		for n, line := range strings.Split(f.source, "\n") {
			for _, w := range words {
				if strings.Contains(line, w) {
					t.Errorf("%s:%d: contains %s", f.name, n+1, w)
				}
			}
		}
	}
}

// sources reads the files of the tree with one of the endings, all platforms'.
func sources(t *testing.T, endings ...string) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && p != root && (strings.HasPrefix(name, ".") || slices.Contains([]string{"testdata", "bin", "build", "node_modules"}, name)):
			return filepath.SkipDir
		case d.IsDir() || !slices.Contains(endings, filepath.Ext(name)):
			return nil
		}
		source, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(rel), string(source)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
