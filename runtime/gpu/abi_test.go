//go:build !js && !windows && cgo

package gpu

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestABI compiles the declarations of abi_native.h and those of the binding's
// header into the same program and compares what the two print: the size of
// every struct, the offset of every field, the value of every constant. The
// shim is compiled against both, which checks the prototypes.
func TestABI(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}} {{.Version}}", "github.com/cogentcore/webgpu").Output()
	check(t, err)
	dir, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if version != "v0.23.0" {
		t.Errorf("the binding is %s: read its header again and correct abi_native.h", version)
	}
	real := filepath.Join(dir, "wgpu", "lib", "wgpu.h")
	own, err := filepath.Abs("abi_native.h")
	check(t, err)

	cc := strings.Fields(strings.TrimSpace(goEnv(t, "CC")))
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(cc[0], append(cc[1:], args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("-fsyntax-only", "-Wall", "-Werror", "-include", real, "shim_native.c")

	source := filepath.Join(t.TempDir(), "layout.c")
	check(t, os.WriteFile(source, []byte(layoutProgram(t, own)), 0o600))
	layouts := map[string]string{}
	for name, header := range map[string]string{"own": own, "real": real} {
		program := filepath.Join(t.TempDir(), name)
		run("-include", header, "-o", program, source)
		out, err := exec.Command(program).Output()
		check(t, err)
		layouts[name] = string(out)
	}
	want := strings.Split(layouts["real"], "\n")
	if len(want) < 150 {
		t.Errorf("only %d facts compared", len(want))
	}
	for i, line := range strings.Split(layouts["own"], "\n") {
		if line != want[i] {
			t.Errorf("declared %s, the binding has %s", line, want[i])
		}
	}
}

func goEnv(t *testing.T, name string) string {
	out, err := exec.Command("go", "env", name).Output()
	check(t, err)
	return string(out)
}

var (
	structs   = regexp.MustCompile(`(?s)typedef struct(?: \w+)? \{([^}]*)\} (\w+);`)
	fieldList = regexp.MustCompile(`(\w+)\s*(?:,|$)`)
	constants = regexp.MustCompile(`WGPU[A-Za-z0-9]+_[A-Za-z0-9]+`)
)

// layoutProgram writes a C program that prints the layout of what the header
// declares.
func layoutProgram(t *testing.T, header string) string {
	text, err := os.ReadFile(header)
	check(t, err)
	var b strings.Builder
	b.WriteString("#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n")
	for _, m := range structs.FindAllStringSubmatch(string(text), -1) {
		b.WriteString("printf(\"sizeof " + m[2] + " %zu\\n\", sizeof(" + m[2] + "));\n")
		for _, declaration := range strings.Split(m[1], ";") {
			for _, f := range fieldList.FindAllStringSubmatch(strings.TrimSpace(declaration), -1) {
				b.WriteString("printf(\"" + m[2] + "." + f[1] + " %zu\\n\", offsetof(" + m[2] + ", " + f[1] + "));\n")
			}
		}
	}
	seen := map[string]bool{}
	for _, c := range constants.FindAllString(string(text), -1) {
		if !seen[c] && !strings.HasSuffix(c, "_H") {
			seen[c] = true
			b.WriteString("printf(\"" + c + " %ld\\n\", (long)" + c + ");\n")
		}
	}
	b.WriteString("return 0;\n}\n")
	return b.String()
}
