//go:build js

package gpu

import (
	"context"
	"fmt"
	"strings"
	"syscall/js"
)

type rawAdapter struct{ v js.Value }

// enumerate returns the one adapter that the browser offers. A browser does not
// say what hardware it is: all but software adapters count as discrete.
func enumerate(ctx context.Context) ([]candidate, func(), error) {
	api := js.Global().Get("navigator")
	if api.Truthy() {
		api = api.Get("gpu")
	}
	if !api.Truthy() {
		return nil, nil, fmt.Errorf("%w: %w", ErrNoAdapter, errNoWebGPU)
	}
	v, err := await(ctx, nil, func() js.Value {
		return api.Call("requestAdapter", object(map[string]any{"powerPreference": "high-performance"}))
	})
	if err != nil {
		return nil, nil, err
	}
	if !v.Truthy() {
		return nil, func() {}, nil
	}
	var c candidate
	var bad error
	if err := try(func() { c, bad = describe(v) }); err != nil {
		return nil, nil, err
	}
	return []candidate{c}, func() {}, bad
}

func describe(v js.Value) (candidate, error) {
	info := v.Get("info")
	limits, err := readLimits(v.Get("limits"))
	if err != nil {
		return candidate{}, err
	}
	parts := []string{}
	for _, field := range []string{"vendor", "architecture", "device", "description"} {
		if s := text(info, field); s != "" {
			parts = append(parts, s)
		}
	}
	a := Adapter{
		Name: strings.Join(parts, " "), Vendor: text(info, "vendor"), Backend: "webgpu", Limits: limits,
	}
	a.Type = classify(Discrete, a.Name)
	if info.Truthy() && info.Get("isFallbackAdapter").Truthy() || v.Get("isFallbackAdapter").Truthy() {
		a.Type = CPU
	}
	if v.Get("features").Call("has", timestampFeature).Bool() {
		a.Features = append(a.Features, timestampFeature)
	}
	return candidate{Adapter: a, raw: rawAdapter{v}}, nil
}

// limitFields pairs the names of the specification with the fields of l.
func limitFields(l *Limits) (wide map[string]*uint64, narrow map[string]*uint32) {
	return map[string]*uint64{
			"maxBufferSize":               &l.MaxBufferSize,
			"maxStorageBufferBindingSize": &l.MaxStorageBinding,
			"maxUniformBufferBindingSize": &l.MaxUniformBinding,
		}, map[string]*uint32{
			"maxStorageBuffersPerShaderStage":   &l.StorageBuffers,
			"maxUniformBuffersPerShaderStage":   &l.UniformBuffers,
			"maxComputeWorkgroupStorageSize":    &l.WorkgroupMemory,
			"maxComputeInvocationsPerWorkgroup": &l.Invocations,
			"maxComputeWorkgroupSizeX":          &l.WorkgroupSize[0],
			"maxComputeWorkgroupSizeY":          &l.WorkgroupSize[1],
			"maxComputeWorkgroupSizeZ":          &l.WorkgroupSize[2],
			"maxComputeWorkgroupsPerDimension":  &l.Groups,
			"minStorageBufferOffsetAlignment":   &l.StorageAlign,
			"minUniformBufferOffsetAlignment":   &l.UniformAlign,
		}
}

func readLimits(v js.Value) (Limits, error) {
	var l Limits
	wide, narrow := limitFields(&l)
	for name, p := range wide {
		n, err := number(v, name)
		if err != nil {
			return l, err
		}
		*p = n
	}
	for name, p := range narrow {
		n, err := number(v, name)
		if err != nil {
			return l, err
		}
		*p = uint32(n)
	}
	return l, nil
}

func (a rawAdapter) open(ctx context.Context, want Limits, label string, timestamps bool) (*driver, error) {
	limits := map[string]any{}
	wide, narrow := limitFields(&want)
	for name, p := range wide {
		limits[name] = float64(*p)
	}
	for name, p := range narrow {
		limits[name] = float64(*p)
	}
	features := []any{}
	if timestamps {
		features = append(features, timestampFeature)
	}
	v, err := await(ctx, nil, func() js.Value {
		return a.v.Call("requestDevice", object(map[string]any{"label": label, "requiredLimits": limits, "requiredFeatures": features}))
	})
	if err != nil {
		return nil, err
	}
	d := &driver{dev: v, queue: v.Get("queue"), gone: make(chan struct{})}
	if err := try(d.listen); err != nil {
		return nil, err
	}
	return d, nil
}
