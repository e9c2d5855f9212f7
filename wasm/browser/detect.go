//go:build js

package main

import (
	"encoding/hex"
	"encoding/json"
	"syscall/js"
	"time"

	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/wasm/sandbox"
)

// detect looks at one image: its name, the bytes of its file, and events. It returns
// {row, seconds} as JSON, and {width, height, heatmap} of the map, and {base, maps}
// when the settings ask for the stack.
func (s *session) detect(args []js.Value) (any, error) {
	ctx, end := s.begin(args[2])
	defer end()
	if s.file == nil {
		return nil, errNoModel
	}
	start := time.Now()
	name, data := args[0].String(), bytesOf(args[1])
	img, err := imgio.Decode(data, name, imgio.DefaultLimits())
	if err != nil {
		return nil, err
	}
	digest := imgio.Digest(data)
	class := ""
	if classes := s.model.Config.Classes; len(classes) == 1 {
		class = classes[0]
	}
	if r := s.use.rule; r != nil {
		r.Begin(sandbox.About{SourceWidth: img.W, SourceHeight: img.H, Class: class})
	}
	var found *detect.Result
	err = s.survive(ctx, func() (err error) {
		found, err = s.detector.Detect(ctx, img, digest)
		return err
	})
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(s.use.settings)
	if err != nil {
		return nil, err
	}
	row := result.Row{
		SHA256: hex.EncodeToString(digest[:]), Width: img.W, Height: img.H, Score: found.Score, Threshold: s.model.Config.Threshold,
		Seconds: time.Since(start).Seconds(), Model: s.model.Digest, Adapter: s.adapter(), Rule: s.detector.Rule(), Settings: settings,
		Files: map[string]string{}, Class: class,
	}
	row.Path, row.PathBase64 = result.Name(name)
	if r := s.use.rule; r != nil {
		row.Numbers = r.Numbers()
	}
	if t := row.Threshold; t != nil {
		anomalous := row.Score >= *t
		row.Anomalous = &anomalous
	}
	about, err := text(struct {
		Row     result.Row     `json:"row"`
		Seconds detect.Seconds `json:"seconds"`
	}{row, found.Seconds})
	if err != nil {
		return nil, err
	}
	out := map[string]any{"about": about, "width": found.Heatmap.W, "height": found.Heatmap.H, "heatmap": float32Array(found.Heatmap.Val)}
	if found.Stack != nil {
		out["stack"] = stackOf(found.Stack)
	}
	return out, nil
}

// stackOf lists the maps in the words of the fusion contract: kind 0 is the base map,
// 1 a refined one.
func stackOf(s *fusion.Stack) any {
	maps := []any{}
	add := func(kind, timestep, cell, scale int, val []float32) {
		maps = append(maps, map[string]any{"kind": kind, "timestep": timestep, "cell": cell, "scale": scale, "pixels": float32Array(val)})
	}
	if s.Base != nil {
		add(0, 0, 0, 0, s.Base)
	}
	for _, m := range s.Maps {
		add(1, m.Timestep, m.Cell, m.Scale, m.Val)
	}
	return maps
}
