package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/result"
)

func row(path string, score float64) result.Row {
	threshold, anomalous := 0.5, score >= 0.5
	return result.Row{Path: path, SHA256: "ab", Width: 3, Height: 2, Score: score, Threshold: &threshold, Anomalous: &anomalous, Seconds: 0.25,
		Model: "d0", Adapter: "gpu", Rule: "paper", Settings: json.RawMessage(`{"alpha":0.9}`), Files: map[string]string{"raw": "raw/a.npy"}}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, []result.Row{row("=1+2\n\".png", 0.75), {Path: "-e.png", Error: "@no"}}); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(records) != 3 {
		t.Fatal(records, err)
	}
	cell := func(r int, column string) string {
		for i, name := range records[0] {
			if name == column {
				return records[r][i]
			}
		}
		return "no such column"
	}
	for _, test := range []struct {
		row          int
		column, want string
	}{
		{1, "path", "'=1+2\n\".png"}, {1, "score", "0.75"}, {1, "threshold", "0.5"}, {1, "anomalous", "true"}, {1, "raw", "raw/a.npy"},
		{1, "mask", ""}, {1, "settings", `{"alpha":0.9}`}, {1, "error", ""}, {1, "width", "3"},
		{2, "path", "'-e.png"}, {2, "error", "'@no"}, {2, "score", ""}, {2, "model", ""},
	} {
		if got := cell(test.row, test.column); got != test.want {
			t.Errorf("row %d, %s: %q, want %q", test.row, test.column, got, test.want)
		}
	}
}

func TestURL(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "a b/c#?%.png": "a%20b/c%23%3F%25.png", "x\xff.png": "x%FF.png", "c:d.png": "./c:d.png", "../p/c:d.png": "../p/c:d.png", "javascript:alert(1)": "./javascript:alert%281%29",
	} {
		if got := URL(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for link, want := range map[string]string{"../a.png": "../a.png", "javascript:alert(1)": "", "https://x/a": "", "//x/a": "", "/etc/x": "", "./c:d.png": "./c:d.png"} {
		if got := relative(link); got != want {
			t.Errorf("%q: %q, want %q", link, got, want)
		}
	}
}

// TestPage looks at what stands in the page, small and large.
func TestPage(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name != "previews/a.jpg" {
			return nil, errors.New("read " + name)
		}
		return []byte("jpeg"), nil
	}
	evil := row("</script><script>alert(1)</script>.png", 0.75)
	evil.Files = map[string]string{"overlay": "javascript:alert(1)"}
	for _, n := range []int{2, InlineImages + 1} {
		rows, pictures := []result.Row{evil, {Path: "e.png", Error: "corrupt"}}, []Pictures{{"previews/a.jpg", "previews/a.jpg", "javascript:alert(2)"}, {}}
		for i := 2; i < n; i++ {
			rows, pictures = append(rows, row(fmt.Sprint(i), 0.1)), append(pictures, Pictures{"previews/b.jpg", "previews/b.jpg", "../b.png"})
		}
		var b bytes.Buffer
		if err := Page(&b, Run{Title: "<photos>", Settings: json.RawMessage(`{}`)}, rows, pictures, read); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		if strings.Count(page, "</script>") != 2 || strings.Contains(page, "<photos>") || strings.Contains(page, `"javascript:`) || strings.Contains(page, "{{") {
			t.Errorf("%d rows: text of a row stands in the page as code", n)
		}
		if inline := strings.Contains(page, "data:image/jpeg;base64,anBlZw=="); inline != (n <= InlineImages) {
			t.Errorf("%d rows: pictures inline: %v", n, inline)
		}
		if strings.Contains(page, "http://") && !strings.Contains(page, "http://www.w3.org/2000/svg") || strings.Contains(page, "https://") {
			t.Errorf("%d rows: refers to a network", n)
		}
	}
}
