package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
)

// keptParts is what a new model takes over from another.
type keptParts struct {
	config  model.Config
	meta    weights.Meta
	tensors []weights.Named
}

// keep reads a model but for some of its parts. Their sections stay in the
// configuration.
func keep(ctx context.Context, file *weights.File, but ...string) (keptParts, error) {
	h := file.Header()
	k := keptParts{meta: weights.Meta{Provenance: maps.Clone(h.Provenance), Parts: maps.Clone(h.Parts)}}
	var err error
	if k.config, err = model.Parse(file.Config()); err != nil {
		return k, err
	}
	for _, part := range but {
		delete(k.meta.Parts, part)
	}
	for _, t := range h.Tensors {
		if slices.Contains(but, t.Part()) {
			continue
		}
		data, err := file.Float32(ctx, t.Name)
		if err != nil {
			return k, err
		}
		n := weights.Named{Name: t.Name, Origin: t.Origin, DType: t.DType, Shape: t.Shape, Data: data}
		if t.Scale != nil {
			n.Group = t.Scale.Group
		}
		k.tensors = append(k.tensors, n)
	}
	return k, nil
}

// keepFile is keep for a file by name; no name keeps nothing.
func keepFile(ctx context.Context, path string, but ...string) (k keptParts, err error) {
	if path == "" {
		return k, nil
	}
	file, err := weights.Open(path)
	if err != nil {
		return k, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if k, err = keep(ctx, file, but...); err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// take removes a part and returns its tensors. Its section stays in the configuration.
func (k *keptParts) take(part string) (taken []weights.Named) {
	delete(k.meta.Parts, part)
	k.tensors = slices.DeleteFunc(k.tensors, func(t weights.Named) bool {
		of, _, _ := strings.Cut(t.Name, ".")
		if of == part {
			taken = append(taken, t)
		}
		return of == part
	})
	return taken
}

// with is what is said of the model when it has the part and the configuration c.
func (k keptParts) with(c model.Config, name string, part weights.Part) (weights.Meta, error) {
	meta := weights.Meta{Provenance: maps.Clone(k.meta.Provenance), Parts: map[string]weights.Part{name: part}}
	maps.Copy(meta.Parts, k.meta.Parts)
	if err := c.Validate(); err != nil {
		return meta, err
	}
	var err error
	meta.Config, err = json.Marshal(c.Uncalibrated()) // scores are not what they were
	return meta, err
}

// write stores what was kept with a new part.
func (k keptParts) write(path string, c model.Config, name string, part weights.Part, tensors []weights.Named) (digest string, err error) {
	meta, err := k.with(c, name, part)
	if err != nil {
		return "", err
	}
	return weights.Write(path, meta, slices.Concat(k.tensors, tensors))
}
