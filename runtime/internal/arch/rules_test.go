package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
)

const module = "github.com/drdc-dev/drdc/"

// layers is the table of who may import whom, by folder and everything below
// it; the longest folder that fits a package decides. A folder may always
// import itself.
var layers = map[string][]string{
	"shaders":           {},
	"kernels":           {"shaders"},
	"weights":           {},
	"runtime":           {"kernels", "shaders", "weights"},
	"runtime/gpu":       {},
	"wasm":              {"runtime", "weights"},
	"wasm/browser/page": {},
	"host":              {"runtime", "weights", "wasm/abi", "wasm/admit", "wasm/browser/page", "wasm/input", "wasm/sandbox", "testdata/demo"},
}

// tools are packages that every test may import.
var tools = []string{"testdata/chromium"}

// owners lists the modules that one package alone may import, tests included.
var owners = map[string]string{
	"github.com/cogentcore/webgpu":     "runtime/gpu",
	"github.com/oliverbestmann/webgpu": "runtime/gpu",
	"github.com/tetratelabs/wazero":    "host/internal/plugin",
}

// programs are the folders that may log, exit and read the environment.
var programs = []string{"host", "wasm/browser"}

// forbidden lists what else nobody but programs may call, by import path.
var forbidden = map[string][]string{
	"os":      {"Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "Clearenv"},
	"syscall": {"Exit", "Getenv", "Environ", "Setenv", "Unsetenv", "Clearenv"},
}

// file is one Go file of the tree, its name relative to the root.
type file struct {
	name, source string
}

// violations lists what a file does against the rules.
func violations(f file) ([]string, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, f.name, f.source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	c := checker{fset: fset, dir: path.Dir(f.name)}
	c.test = strings.HasSuffix(f.name, "_test.go")
	c.external = c.test && strings.HasSuffix(tree.Name.Name, "_test")
	names := map[string]string{} // what os and syscall are called here
	for _, spec := range tree.Imports {
		target := strings.Trim(spec.Path.Value, `"`)
		c.checkImport(spec.Pos(), target)
		if _, ok := forbidden[target]; ok {
			name := path.Base(target)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if name == "." {
				c.report(spec.Pos(), "imports %s with a dot", target)
			}
			names[name] = target
		}
	}
	// A test may read a variable that asks for something, and its TestMain exits.
	if !c.test && !c.within(programs...) {
		ast.Inspect(tree, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(forbidden[names[x.Name]], sel.Sel.Name) {
					c.report(n.Pos(), "uses %s.%s", names[x.Name], sel.Sel.Name)
				}
			}
			return true
		})
	}
	return c.found, nil
}

type checker struct {
	fset     *token.FileSet
	dir      string // of the package, relative to the root
	test     bool   // a _test.go file
	external bool   // of a package NAME_test
	found    []string
}

func (c *checker) report(at token.Pos, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s: %s", c.fset.Position(at), fmt.Sprintf(format, args...)))
}

func (c *checker) checkImport(at token.Pos, target string) {
	if ours, ok := strings.CutPrefix(target, module); ok {
		if !c.mayImport(ours) {
			c.report(at, "%s must not import %s", c.dir, ours)
		}
		if path.Base(ours) == "runtime" {
			c.report(at, "imports %s, whose name shadows Go's runtime", ours)
		}
		return
	}
	if (target == "log" || strings.HasPrefix(target, "log/")) && !c.within(programs...) {
		c.report(at, "imports %s", target)
	}
	for lib, owner := range owners {
		if below(target, lib) && c.dir != owner {
			c.report(at, "imports %s, which belongs to %s", target, owner)
		}
	}
}

// mayImport looks an edge up in the table. An external test package stands
// outside its folder and may read goldens through weights.
func (c *checker) mayImport(target string) bool {
	if c.test && slices.Contains(tools, target) {
		return true
	}
	layer := ""
	for l := range layers {
		if below(c.dir, l) && len(l) > len(layer) {
			layer = l
		}
	}
	if layer == "" || below(target, layer) {
		return layer != ""
	}
	allowed := layers[layer]
	if c.external {
		allowed = append(slices.Clone(allowed), "weights")
	}
	return slices.ContainsFunc(allowed, func(a string) bool { return below(target, a) })
}

func (c *checker) within(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return below(c.dir, f) })
}

// below reports whether a path is a folder or lies in it.
func below(p, folder string) bool {
	return p == folder || strings.HasPrefix(p, folder+"/")
}
