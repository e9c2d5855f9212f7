package learn

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
)

//go:embed page.html
var pageHTML string

//go:embed page.js
var pageJS string

// maxPoints is how many points of the curve the page has; each is the mean of some
// steps.
const maxPoints = 1500

// page is what page.js reads.
type page struct {
	Steps    int          `json:"steps"`
	Seconds  float64      `json:"seconds"`
	Points   [][5]float64 `json:"points"` // last step, epoch, loss, norm, learning rate
	Settings [][2]string  `json:"settings"`
	Rows     []pageRow    `json:"rows"`
	Cost     *train.Cost  `json:"cost"` // null: not measured
}

type pageRow struct {
	Title string      `json:"title"`
	Cells [][2]string `json:"cells"` // caption, PNG in base64
}

// writePage replaces the page: the curve, the settings, the pictures and what a step
// costs, where that is known, in one file.
func writePage(path, title, settings string, all []Record, pictures []Picture, cost *train.Cost) error {
	p := page{Points: points(all, maxPoints), Rows: []pageRow{}, Cost: cost}
	if n := len(all); n > 0 {
		p.Steps, p.Seconds = all[n-1].Step, all[n-1].Seconds
	}
	leaves := map[string]string{}
	if err := flatten("", []byte(settings), leaves); err != nil {
		return fmt.Errorf("learn: settings: %w", err)
	}
	p.Settings = sorted(leaves)
	for _, picture := range pictures {
		row := pageRow{Title: picture.Title}
		for _, c := range picture.Cells {
			row.Cells = append(row.Cells, [2]string{c.Caption, base64.StdEncoding.EncodeToString(c.PNG)})
		}
		p.Rows = append(p.Rows, row)
	}
	data, err := json.Marshal(p) // escapes <, > and &
	if err != nil {
		return fmt.Errorf("learn: page: %w", err)
	}
	return weights.Replace(path, func(w io.Writer) error {
		_, err := strings.NewReplacer("{{title}}", html.EscapeString(title), "{{js}}", pageJS, "{{data}}", string(data)).WriteString(w, pageHTML)
		return err
	})
}

// points thins records to at most n, each the mean of equally many steps.
func points(all []Record, n int) [][5]float64 {
	n = min(n, len(all))
	list := make([][5]float64, n)
	for i := range list {
		part := all[i*len(all)/n : (i+1)*len(all)/n]
		last, sum := part[len(part)-1], [2]float64{}
		for _, r := range part {
			sum[0], sum[1] = sum[0]+r.Loss, sum[1]+r.Norm
		}
		k := float64(len(part))
		list[i] = [5]float64{float64(last.Step), last.Epoch, sum[0] / k, sum[1] / k, last.LR}
	}
	return list
}
