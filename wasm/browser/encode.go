//go:build js

package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"syscall/js"

	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
)

// encode makes a file as the command line does: its kind (see result.Pictures), the
// bytes of the image file, the row as JSON, the heatmap {width, height, values} and the
// threshold, which may be null.
func encode(args []js.Value) (any, error) {
	kind, data := args[0].String(), bytesOf(args[1])
	var row result.Row
	if err := json.Unmarshal([]byte(args[2].String()), &row); err != nil {
		return nil, fmt.Errorf("browser: row: %w", err)
	}
	img, err := imgio.Decode(data, row.Path, imgio.DefaultLimits())
	if err != nil {
		return nil, err
	}
	digest := imgio.Digest(data)
	if hex.EncodeToString(digest[:]) != row.SHA256 {
		return nil, &foreign{"image", fmt.Sprintf("%s: not the file of this row", row.Path)}
	}
	heatmap := &imgio.Heatmap{W: args[3].Get("width").Int(), H: args[3].Get("height").Int(), Val: float32sOf(args[3].Get("values"))}
	about := result.About{Model: row.Model, Rule: row.Rule, Settings: row.Settings}
	if args[4].Type() == js.TypeNumber {
		t := args[4].Float()
		about.Threshold = &t
	}
	p, err := result.NewPictures(about, img, digest, heatmap, row.Score)
	if err != nil {
		return nil, err
	}
	file, err := p.Encode(kind)
	if err != nil {
		return nil, err
	}
	return arrayOf(file), nil
}
