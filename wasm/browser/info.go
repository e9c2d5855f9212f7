//go:build js

package main

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/result"
)

// info is what open and configure return.
type info struct {
	Model    modelInfo       `json:"model"`
	Settings result.Settings `json:"settings"` // in force
	Adapter  string          `json:"adapter"`  // as in result.Row
	Device   gpu.Adapter     `json:"device"`
	Warning  string          `json:"warning"` // "" on a GPU
	Memory   string          `json:"memory"`  // on the device, for people
	Bytes    int             `json:"bytes"`   // of it
	Rules    []string        `json:"rules"`   // built in
}

type modelInfo struct {
	Digest    string   `json:"digest"`
	Name      string   `json:"name"`
	Licence   string   `json:"licence"`
	Classes   []string `json:"classes"`
	ImageSize int      `json:"image_size"`
	Threshold *float64 `json:"threshold"`
	// Thresholds are those of single classes.
	Thresholds map[string]float64 `json:"thresholds"`
	Base       bool               `json:"base"`
	Refiner    bool               `json:"refiner"`
	Parts      map[string]string  `json:"parts"` // architecture of each
	Untrained  string             `json:"untrained"`
}

func (s *session) info() info {
	c, h := s.model.Config, s.file.Header()
	parts := map[string]string{}
	for name, p := range h.Parts {
		parts[name] = p.Arch
	}
	thresholds := map[string]float64{}
	if c.Calibration != nil {
		for name, k := range c.Calibration.Classes {
			thresholds[name] = k.Threshold
		}
	}
	return info{
		Model: modelInfo{
			Digest: s.model.Digest, Name: c.Name, Licence: c.Licence, Classes: c.Classes, ImageSize: c.ImageSize, Threshold: c.Threshold, Thresholds: thresholds,
			Base: c.Base != nil, Refiner: c.Refiner != nil, Parts: parts, Untrained: h.Provenance["untrained"],
		},
		Settings: s.use.settings, Adapter: s.adapter(), Device: s.device.Adapter(), Warning: s.device.Warning(),
		Memory: s.detector.Memory().String(), Bytes: s.detector.Memory().Peak(), Rules: fusion.Names(),
	}
}

// adapter names the device as the command line does.
func (s *session) adapter() string {
	a := s.device.Adapter()
	return fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type)
}
