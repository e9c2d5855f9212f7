// Command typecheck checks the Go code of the packages in its arguments, and
// of all they import, for an operating system whose C compiler is not here.
// Names from C are taken on trust; everything else is checked as the compiler
// would.
//
//	go run ./.ci/typecheck darwin arm64 ./...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// listed is a package as `go list -json` gives it.
type listed struct {
	ImportPath, Dir, Name string
	GoFiles, CgoFiles     []string
	ImportMap             map[string]string
	Standard, DepOnly     bool
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: typecheck GOOS GOARCH PACKAGE...")
		os.Exit(2)
	}
	n, err := check(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s/%s: %d packages type-check\n", os.Args[1], os.Args[2], n)
}

// check returns how many of the named packages are right.
func check(goos, goarch string, patterns []string) (int, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,ImportMap,Standard,DepOnly"}, patterns...)...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=1")
	cmd.Stderr = os.Stderr
	list, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}

	fset := token.NewFileSet()
	done := map[string]*types.Package{"unsafe": types.Unsafe}
	var wrong []error
	named := 0
	// Dependencies come first.
	for dec := json.NewDecoder(list); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, err
		}
		if p.ImportPath == "unsafe" {
			continue
		}
		var files []*ast.File
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return 0, err
			}
			files = append(files, f)
		}
		config := types.Config{
			Importer:         importer{done, p.ImportMap},
			FakeImportC:      true,
			IgnoreFuncBodies: p.DepOnly,
			Sizes:            types.SizesFor("gc", goarch),
			Error: func(err error) {
				if !p.DepOnly {
					wrong = append(wrong, err)
				}
			},
		}
		// Errors are collected above; a dependency is not ours to judge.
		done[p.ImportPath], _ = config.Check(p.ImportPath, fset, files, nil)
		if !p.DepOnly {
			named++
		}
	}
	return named, errors.Join(append(wrong, cmd.Wait())...)
}

// importer finds packages that were checked before.
type importer struct {
	done    map[string]*types.Package
	renamed map[string]string // vendored paths of the standard library
}

func (i importer) Import(path string) (*types.Package, error) {
	if to, ok := i.renamed[path]; ok {
		path = to
	}
	if p := i.done[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("package %s is not among the dependencies", path)
}
