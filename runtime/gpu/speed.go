package gpu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// CPU adapters differ in what a load costs: a driver may compile one from storage to a
// branch for each lane, and one from uniform memory to none, and how much that is
// depends on the processor too. So it is measured, once for each adapter and driver, and
// kept in a file of the user's cache.

// speeds are the measurements of this process.
var speeds struct {
	sync.Mutex
	known map[string]float64
}

// keptSpeed is a measurement in the file: of an adapter on a machine.
type keptSpeed struct {
	Machine string  `json:"machine"`
	Speed   float64 `json:"uniform_speed"`
}

// SpeedFile is where the measurements are kept, or "" where there is no such place.
func SpeedFile() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "drdc", "adapters.json")
}

// uniformSpeed is Adapter.UniformSpeed of c.
func uniformSpeed(ctx context.Context, c Adapter, anew bool) (float64, error) {
	if c.Type != CPU || c.Backend == "webgpu" {
		return 0, nil
	}
	speeds.Lock()
	defer speeds.Unlock()
	// Some drivers do not say their version; another one may have other limits.
	adapter := strings.Join([]string{c.Backend, c.Name, c.Driver, fmt.Sprint(c.Limits, c.Features)}, ", ")
	machine, _ := os.Hostname()
	if v, ok := speeds.known[adapter]; ok && !anew {
		return v, nil
	}
	file := readSpeeds()
	if k, ok := file[adapter]; ok && !anew && k.Machine == machine && k.Speed > 0 {
		return k.Speed, nil
	}
	v, err := measureSpeed(ctx, c.Index)
	if err != nil {
		return 0, fmt.Errorf("measure loads: %w", err)
	}
	if speeds.known == nil {
		speeds.known = map[string]float64{}
	}
	speeds.known[adapter], file[adapter] = v, keptSpeed{machine, v}
	writeSpeeds(file)
	return v, nil
}

// readSpeeds returns what the file holds; a file that cannot be read is measured anew.
func readSpeeds() map[string]keptSpeed {
	kept := map[string]keptSpeed{}
	f, err := os.Open(SpeedFile())
	if err != nil {
		return kept
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil || json.Unmarshal(data, &kept) != nil || kept == nil {
		return map[string]keptSpeed{}
	}
	return kept
}

// writeSpeeds replaces the file, if it can: it only saves the next process a measurement.
func writeSpeeds(kept map[string]keptSpeed) {
	name := SpeedFile()
	data, err := json.MarshalIndent(kept, "", "  ")
	if name == "" || err != nil || os.MkdirAll(filepath.Dir(name), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(name), "adapters-*")
	if err != nil {
		return
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
}

// loads is a shader of many loads, as long as those of products of matrices are: code that
// does not fit into a processor's cache is part of the cost.
const loads = `
@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<uniform> u: array<vec4f, 4096>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  var a = vec4f(0.0);
  for (var k = 0u; k < 2048u; k += LOADSu) {
    let at = (lid + 8u * k) & 3071u;
BODY
  }
  y[wid.x * 8u + lid] = a;
}
`

// measureSpeed times as many loads from either memory, in turns.
func measureSpeed(ctx context.Context, adapter int) (speed float64, err error) {
	const unrolled, groups = 32, 16
	found, release, err := candidates(ctx) // a driver's handle opens one device
	if err != nil {
		return 0, err
	}
	defer release()
	c, err := choose(found, fmt.Sprint(adapter))
	if err != nil {
		return 0, err
	}
	limits := DefaultLimits()
	d, err := c.open(ctx, Options{Limits: &limits, Label: "loads"})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var binds []Bind
	for _, use := range []BufferUse{UseStorage, UseUniform, UseStorage} {
		b, err := d.NewBuffer("loads", 64<<10, use)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, b.Close()) }()
		binds = append(binds, Bind{Buffer: b})
	}
	var recordings []*Recording
	for _, memory := range []string{"s", "u"} {
		var body strings.Builder
		for i := range unrolled {
			fmt.Fprintf(&body, "    a += %s[at + %du];\n", memory, 8*i)
		}
		code := strings.NewReplacer("LOADS", fmt.Sprint(unrolled), "BODY", body.String()).Replace(loads)
		p, err := d.Pipeline(ctx, Program{Label: "loads", File: "speed.go", Code: code, Bindings: []Access{Read, Uniform, ReadWrite}})
		if err != nil {
			return 0, err
		}
		r, err := d.NewRecording("loads", []Step{Dispatch{Label: "loads", Pipeline: p, Bind: binds, Groups: [3]uint32{groups, 1, 1}}})
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		recordings = append(recordings, r)
	}
	// The fastest of many short runs: other processes may have the processor.
	best := [2]time.Duration{time.Hour, time.Hour}
	for begin, n := time.Now(), 0; n < 20 || n < 200 && time.Since(begin) < 200*time.Millisecond; n++ {
		for i, r := range recordings {
			start := time.Now()
			if err := d.Submit(r); err != nil {
				return 0, err
			}
			if err := d.Wait(ctx); err != nil {
				return 0, err
			}
			best[i] = min(best[i], time.Since(start))
		}
	}
	return float64(best[0]) / float64(best[1]), nil
}
