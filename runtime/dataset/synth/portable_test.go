package synth

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestProducts keeps compilers from fusing a product with a sum, as they do on
// arm64 and others: every product of floats whose value goes on must stand in
// float64(...). It also holds the package to functions of math that round exactly.
func TestProducts(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			data, err := os.ReadFile(e.Name())
			if err != nil {
				t.Fatal(err)
			}
			sources[e.Name()] = string(data)
		}
	}
	for _, v := range loose(t, sources) {
		t.Error(v)
	}
}

// TestLoose shows the rule at work.
func TestLoose(t *testing.T) {
	for _, test := range []struct {
		body string
		want int
	}{
		{"return a*b + c", 1},
		{"return float64(a*b) + c", 0},
		{"return float64(a*b*c) - c", 0},
		{"return c - (a*b)", 1},
		{"return c + -(a*b)", 1},
		{"return a*b/c + c", 0}, // a quotient is rounded by itself
		{"return a/b*c + c", 1},
		{"t := a*b; return t + c", 1},
		{"a *= b; return a + c", 1},
		{"if a*b < c { return a }; return b", 0},
		{"return f(a*b)", 1},
		{"return float64(int(a*b) * n)", 0},
		{"return float64(2*n) + 0.5*4", 0},
		{"return math.Sqrt(a*b) + c", 0},
		{"return math.Exp(a)", 1},
	} {
		source := "package p\nimport \"math\"\nvar _ = math.Pi\nfunc f(a float64) float64 { return a }\nfunc g(a, b, c float64, n int) float64 { " + test.body + " }\n"
		if got := loose(t, map[string]string{"p.go": source}); len(got) != test.want {
			t.Errorf("%s: %q, want %d", test.body, got, test.want)
		}
	}
}

// loose lists what may differ between platforms in the files of one package.
func loose(t *testing.T, sources map[string]string) []string {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for name, source := range sources {
		f, err := parser.ParseFile(fset, name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: mathOnly{importer.ForCompiler(fset, "source", nil)}, Error: func(error) {}}
	_, _ = conf.Check("p", fset, files, info) // what it does not import stays untyped, and counts as float
	var found []string
	for _, f := range files {
		var parents []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				parents = parents[:len(parents)-1]
				return true
			}
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op == token.MUL && isFloat(info, n) && !settled(info, n, parents) {
					found = append(found, fmt.Sprintf("%s: a product outside of float64(...)", fset.Position(n.OpPos)))
				}
			case *ast.AssignStmt:
				if n.Tok == token.MUL_ASSIGN && isFloat(info, n.Lhs[0]) {
					found = append(found, fmt.Sprintf("%s: *= of floats", fset.Position(n.TokPos)))
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "math" && !slices.Contains([]string{"Sqrt", "Floor", "Abs", "Pi"}, n.Sel.Name) {
					found = append(found, fmt.Sprintf("%s: math.%s", fset.Position(n.Pos()), n.Sel.Name))
				}
			}
			parents = append(parents, n)
			return true
		})
	}
	return found
}

func isFloat(info *types.Info, e ast.Expr) bool {
	tv := info.Types[e]
	if tv.Value != nil {
		return false
	}
	basic, ok := tv.Type.(*types.Basic)
	return !ok || basic.Info()&types.IsInteger == 0
}

// settled reports whether a product is rounded before anything is added to it.
func settled(info *types.Info, n ast.Node, parents []ast.Node) bool {
	for i := len(parents) - 1; i >= 0; i-- {
		switch p := parents[i].(type) {
		case *ast.ParenExpr, *ast.UnaryExpr:
		case *ast.BinaryExpr:
			return p.Op != token.ADD && p.Op != token.SUB
		case *ast.CallExpr:
			if s, ok := p.Fun.(*ast.SelectorExpr); ok {
				x, ok := s.X.(*ast.Ident)
				return ok && x.Name == "math"
			}
			return info.Types[p.Fun].IsType()
		default:
			return false
		}
	}
	return false
}

// mathOnly imports package math and nothing else, which is quick.
type mathOnly struct{ types.Importer }

func (m mathOnly) Import(path string) (*types.Package, error) {
	if path != "math" {
		return nil, errors.New("not imported")
	}
	return m.Importer.Import(path)
}
