package report

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/drdc-dev/drdc/runtime/result"
)

// CSV writes the rows as a table with a header line (RFC 4180). Missing values
// are empty. A text that a spreadsheet would take for a formula gets an
// apostrophe in front, because file names come from outside.
func CSV(w io.Writer, rows []result.Row) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write([]string{
		"path", "score", "threshold", "anomalous", "class", "width", "height", "seconds", "error",
		"heatmap", "overlay", "mask", "raw", "sha256", "model", "adapter", "rule", "settings", "numbers",
	}); err != nil {
		return err
	}
	for _, r := range rows {
		record := []string{inert(r.Path), "", "", "", "", "", "", "", inert(r.Error), "", "", "", "", "", "", "", "", "", ""}
		if r.Error == "" {
			record = []string{
				inert(r.Path), number(r.Score), optional(r.Threshold, number), optional(r.Anomalous, strconv.FormatBool),
				inert(r.Class), strconv.Itoa(r.Width), strconv.Itoa(r.Height), number(r.Seconds), "",
				inert(r.Files["heatmap"]), inert(r.Files["overlay"]), inert(r.Files["mask"]), inert(r.Files["raw"]),
				r.SHA256, r.Model, inert(r.Adapter), inert(r.Rule), string(r.Settings), numbers(r.Numbers),
			}
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// numbers are those of a plugin: "name=1 other=2".
func numbers(m map[string]float64) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, name+"="+number(m[name]))
	}
	return inert(strings.Join(list, " "))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func optional[T any](v *T, text func(T) string) string {
	if v == nil {
		return ""
	}
	return text(*v)
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
