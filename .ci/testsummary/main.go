// Command testsummary reads the output of `go test -json` on stdin. It prints
// each package's result when it is there, the whole output of what failed, and
// at the end the closing summary: what the packages themselves printed (from
// TestMain, outside any test), what was skipped, and the totals. With -figures the
// summary begins with a table of what tests logged behind "figure: ". It exits
// with 1 if anything failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// event is a line of `go test -json` (see `go doc test2json`).
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// key names a test, a package (Test empty) or a build.
type key struct{ pkg, test string }

func main() {
	table := flag.Bool("figures", false, "show the figures of tests that passed")
	flag.Parse()
	output := map[key][]string{}
	var packages, broken, cached, passed, failed int
	var skipped, remarks, figures []string

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		k := key{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Print(e.Output)
		case "output":
			output[k] = append(output[k], e.Output)
		case "pass", "fail", "skip":
			said := output[k]
			text := strings.Join(said, "")
			delete(output, k)
			if e.Test != "" {
				switch e.Action {
				case "pass":
					passed++
					figures = append(figures, testFigures(e.Test, said)...)
				case "fail":
					failed++
					fmt.Print(text)
				case "skip":
					skipped = append(skipped, e.Package+" "+e.Test)
				}
				continue
			}
			if e.Action == "skip" { // no test files
				continue
			}
			packages++
			note := ""
			if strings.Contains(text, "\t(cached)") {
				cached++
				note = " (cached)"
			}
			fmt.Printf("%-4s %-60s %7.1fs%s\n", e.Action, e.Package, e.Elapsed, note)
			if e.Action == "fail" {
				broken++
				fmt.Print(text)
				// A test that crashed or ran out of time never ended.
				for open, rest := range output {
					if open.pkg == e.Package {
						fmt.Print(strings.Join(rest, ""))
						delete(output, open)
					}
				}
				continue
			}
			remarks = append(remarks, packageRemarks(text)...)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}

	fmt.Println("\nsummary")
	if *table {
		for _, f := range figures {
			fmt.Println("  " + f)
		}
	}
	for _, r := range remarks {
		fmt.Println("  " + r)
	}
	for _, s := range skipped {
		fmt.Println("  skipped: " + s)
	}
	fmt.Printf("  %d packages (%d failed, %d cached), %d tests passed, %d failed, %d skipped\n",
		packages, broken, cached, passed, failed, len(skipped))
	if broken > 0 || failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

// testFigures keeps the figures that a test logged.
func testFigures(test string, output []string) []string {
	var kept []string
	for _, line := range output {
		if _, figure, ok := strings.Cut(strings.TrimRight(line, "\n"), "figure: "); ok {
			kept = append(kept, fmt.Sprintf("%-24s %s", test, figure))
		}
	}
	return kept
}

// packageRemarks keeps the lines that a package printed of its own accord.
func packageRemarks(text string) []string {
	var kept []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line == "PASS" || strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "testing: ") {
			continue
		}
		kept = append(kept, line)
	}
	return kept
}
