package report

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/result"
)

// InlineImages is the largest number of images whose pictures are part of the
// page; larger pages refer to files.
const InlineImages = 200

//go:embed frame.html
var frameHTML string

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed parts.js
var partsJS string

//go:embed page.js
var pageJS string

// Run is what the page says of the whole.
type Run struct {
	Title         string
	Model, Digest string
	Rule          string
	Settings      json.RawMessage
	Threshold     *float64
	// Missing is how many images are still to do.
	Missing int
}

// Pictures are the files that show one row. Empty names show nothing.
type Pictures struct {
	// Image and Overlay are small JPEGs below the output folder.
	Image, Overlay string
	// Original is the URL of the image itself, relative to the output folder.
	Original string
}

// page is the data that page.js reads.
type page struct {
	Title     string          `json:"title"`
	Model     string          `json:"model"`
	Digest    string          `json:"digest"`
	Rule      string          `json:"rule"`
	Settings  json.RawMessage `json:"settings"`
	Threshold *float64        `json:"threshold"`
	Missing   int             `json:"missing"`
	Adapters  []string        `json:"adapters"`
	Rows      []pageRow       `json:"rows"`
}

type pageRow struct {
	Path      string            `json:"path"`
	Score     float64           `json:"score"`
	Anomalous *bool             `json:"anomalous"`
	Class     string            `json:"class,omitempty"`
	Width     int               `json:"width"`
	Height    int               `json:"height"`
	Seconds   float64           `json:"seconds"`
	Error     string            `json:"error,omitempty"`
	Files     map[string]string `json:"files,omitempty"`
	Image     string            `json:"image,omitempty"`
	Overlay   string            `json:"overlay,omitempty"`
	Original  string            `json:"original,omitempty"`
}

// Page writes index.html about rows and, of equal length, their pictures. read
// returns a file of the output folder.
func Page(w io.Writer, run Run, rows []result.Row, pictures []Pictures, read func(name string) ([]byte, error)) error {
	p := page{Title: run.Title, Model: run.Model, Digest: run.Digest, Rule: run.Rule, Settings: run.Settings,
		Threshold: run.Threshold, Missing: run.Missing, Adapters: []string{}, Rows: []pageRow{}}
	show := func(name string) (string, error) {
		if name == "" || len(rows) > InlineImages {
			return URL(name), nil
		}
		data, err := read(name)
		return DataURL(data), err
	}
	for i, r := range rows {
		row := pageRow{Path: r.Path, Score: r.Score, Anomalous: r.Anomalous, Class: r.Class, Width: r.Width, Height: r.Height,
			Seconds: r.Seconds, Error: r.Error, Original: relative(pictures[i].Original)}
		if r.Error == "" {
			var err error
			if row.Image, err = show(pictures[i].Image); err != nil {
				return err
			}
			if row.Overlay, err = show(pictures[i].Overlay); err != nil {
				return err
			}
			row.Files = map[string]string{}
			for kind, name := range r.Files {
				row.Files[kind] = URL(name)
			}
			if !slices.Contains(p.Adapters, r.Adapter) {
				p.Adapters = append(p.Adapters, r.Adapter)
			}
		}
		p.Rows = append(p.Rows, row)
	}
	return frame(w, run.Title, pageHTML, pageCSS, pageJS, p)
}

// frame writes a page whose script reads data. Its parts are of the package but for
// the title and the data.
func frame(w io.Writer, title, main, css, js string, data any) error {
	text, err := json.Marshal(data) // escapes <, > and &
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = strings.NewReplacer(
		"{{title}}", html.EscapeString(title), "{{main}}", main, "{{css}}", css, "{{js}}", partsJS+js, "{{data}}", string(text),
	).WriteString(w, frameHTML)
	return err
}

// DataURL is a JPEG as part of a page.
func DataURL(jpeg []byte) string {
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(jpeg)
}

// URL makes a relative path of any bytes, separated by slashes, a relative URL.
func URL(path string) string {
	if path == "" {
		return ""
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	// A colon in the first part would make it a scheme.
	if first := parts[0]; first != ".." && first != "." && strings.Contains(first, ":") {
		parts[0] = "./" + first
	}
	return strings.Join(parts, "/")
}

// relative drops what is no relative URL: the folder's records may come from
// anywhere.
func relative(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "/") {
		return ""
	}
	return link
}
