package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"time"

	method "github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/forward"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
	"github.com/klauspost/compress/zstd"
)

// storageReport is what `drdc bench --model --json` writes.
type storageReport struct {
	Adapter string       `json:"adapter"`
	Loading []loadingRow `json:"loading"`
	Storage []storageRow `json:"storage"`
}

// loadingRow is how fast a file is read, checked and decoded, beside what the zstd
// decoder alone reaches on the same frames with as many workers in the same run.
type loadingRow struct {
	DType   weights.DType `json:"dtype"`
	Workers int           `json:"workers"`
	GBPS    float64       `json:"gbps"` // elements as stored, before compression
	ZstdGBP float64       `json:"zstd_gbps"`
	Share   float64       `json:"share"`
}

// storageRow is what an element type costs.
type storageRow struct {
	DType weights.DType      `json:"dtype"`
	Bytes int                `json:"bytes"`
	Share float64            `json:"share"` // of the parameters as raw f32
	Error map[string]float64 `json:"error"` // relative L2 of each network's output
}

// benchModel stores a model in every element type, times loading it, and runs its
// networks on the same random input to see what the type costs.
func benchModel(ctx context.Context, env *environment, path string) (err error) {
	f, err := weights.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m, err := method.FromFile(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	values, err := f.ReadAll(ctx, 0, nil)
	if err != nil {
		return err
	}
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	a := dev.Adapter()
	report := storageReport{Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type)}
	inputs, err := probes(ctx, dev, m)
	if err != nil {
		return err
	}
	header := f.Header()
	exact := map[string]forward.Tensor{}
	for _, d := range []weights.DType{weights.F32, weights.BF16, weights.F16, weights.Int8, weights.Int4} {
		stored, err := store(header, values, d)
		if err != nil {
			return err
		}
		again, err := weights.NewReader(bytes.NewReader(stored), int64(len(stored)))
		if err != nil {
			return err
		}
		row := storageRow{DType: d, Bytes: len(stored), Share: float64(len(stored)) / float64(4*params(header)), Error: map[string]float64{}}
		packed, err := method.FromFile(again)
		if err != nil {
			return err
		}
		for net, in := range inputs {
			out, err := forward.Run(ctx, dev, packed.Config, packed.Store, net, in)
			if err != nil {
				return err
			}
			y := out[outputOf(net)]
			if d == weights.F32 {
				exact[string(net)] = y
			}
			row.Error[string(net)] = relative(y.Data, exact[string(net)].Data)
		}
		report.Storage = append(report.Storage, row)
		load, err := loading(ctx, again, stored, d)
		if err != nil {
			return err
		}
		report.Loading = append(report.Loading, load)
	}
	if env.json {
		return env.printJSON(report)
	}
	writeStorage(env, report)
	return nil
}

// probes makes the input of each network: standard normal values of a fixed seed.
// The base gets the backbone's features of its input.
func probes(ctx context.Context, dev *gpu.Device, m method.Model) (map[forward.Net]map[string]forward.Tensor, error) {
	r := rand.New(rand.NewPCG(1, 1))
	normal := func(shape ...int) forward.Tensor {
		n := 1
		for _, s := range shape {
			n *= s
		}
		t := forward.Tensor{Shape: shape, Data: make([]float32, n)}
		for i := range t.Data {
			t.Data[i] = float32(r.NormFloat64())
		}
		return t
	}
	c, size := m.Config, m.Config.ImageSize
	in := map[forward.Net]map[string]forward.Tensor{}
	if c.Backbone != nil {
		in[forward.Backbone] = map[string]forward.Tensor{"image": normal(1, 3, size, size)}
	}
	if c.Base != nil && c.Base.Arch == model.UniAD {
		out, err := forward.Run(ctx, dev, c, m.Store, forward.Backbone, in[forward.Backbone])
		if err != nil {
			return nil, err
		}
		in[forward.Base] = map[string]forward.Tensor{"features": out["features"]}
	}
	if c.Refiner != nil {
		in[forward.Refiner] = map[string]forward.Tensor{"x": normal(1, 6, size, size), "t": {Shape: []int{1}, Data: []float32{249}}}
	}
	return in, nil
}

func outputOf(net forward.Net) string {
	return map[forward.Net]string{forward.Backbone: "features", forward.Base: "reconstruction", forward.Refiner: "eps"}[net]
}

// store writes the model with another element type.
func store(h weights.Header, values map[string][]float32, d weights.DType) ([]byte, error) {
	var tensors []weights.Named
	for _, t := range h.Tensors {
		tensors = append(tensors, weights.Named{Name: t.Name, Origin: t.Origin, Shape: t.Shape, Data: values[t.Name]})
	}
	weights.As(tensors, d)
	var b bytes.Buffer
	_, err := weights.WriteTo(&b, h.Meta, tensors)
	return b.Bytes(), err
}

func params(h weights.Header) int {
	n := 0
	for i := range h.Tensors {
		n += h.Tensors[i].Len()
	}
	return n
}

func relative(got, want []float32) float64 {
	var num, den float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		num, den = num+d*d, den+float64(w)*float64(w)
	}
	if num == 0 {
		return 0
	}
	return math.Sqrt(num / den)
}

// loading times the reader and the bare decoder in turns, the fastest of several
// runs each.
func loading(ctx context.Context, f *weights.File, stored []byte, d weights.DType) (loadingRow, error) {
	frames, raw := frames(f, stored)
	row := loadingRow{DType: d, Workers: goruntime.GOMAXPROCS(0)}
	reader, decoder := math.Inf(1), math.Inf(1)
	for begin := time.Now(); time.Since(begin) < time.Second; {
		start := time.Now()
		if _, err := f.ReadAll(ctx, row.Workers, nil); err != nil {
			return row, err
		}
		reader = min(reader, time.Since(start).Seconds())
		start = time.Now()
		if err := decode(frames, row.Workers); err != nil {
			return row, err
		}
		decoder = min(decoder, time.Since(start).Seconds())
	}
	row.GBPS, row.ZstdGBP, row.Share = float64(raw)/reader/1e9, float64(raw)/decoder/1e9, decoder/reader
	return row, nil
}

// frames lists the compressed chunks of a stored model and their raw bytes.
func frames(f *weights.File, stored []byte) (list [][]byte, raw int64) {
	data := stored[24+int(binary.LittleEndian.Uint64(stored[16:]))+32:]
	h := f.Header()
	for _, t := range h.Tensors {
		chunks := t.Chunks
		if t.Scale != nil {
			chunks = slices.Concat(chunks, t.Scale.Chunks)
		}
		for _, c := range chunks {
			if !c.Zero {
				list = append(list, data[c.Offset:c.Offset+c.Stored])
				raw += c.Raw
			}
		}
	}
	return list, raw
}

// decode decompresses frames with several workers and drops the result.
func decode(frames [][]byte, workers int) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
			if err != nil {
				errs[w] = err
				return
			}
			defer z.Close()
			var buf []byte
			for i := w; i < len(frames); i += workers {
				if buf, err = z.DecodeAll(frames[i], buf[:0]); err != nil {
					errs[w] = err
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func writeStorage(env *environment, r storageReport) {
	nets := []string{}
	for _, n := range []forward.Net{forward.Backbone, forward.Base, forward.Refiner} {
		if _, ok := r.Storage[0].Error[string(n)]; ok {
			nets = append(nets, string(n))
		}
	}
	env.printf("what a type costs: size beside raw f32, relative L2 error of each network's output\n\n%-6s %12s %7s", "type", "bytes", "share")
	for _, n := range nets {
		env.printf(" %10s", n)
	}
	for _, s := range r.Storage {
		env.printf("\n%-6s %12d %7.4f", s.DType, s.Bytes, s.Share)
		for _, n := range nets {
			env.printf(" %10.2e", s.Error[n])
		}
	}
	env.printf("\n\nloading: read, check and decode, beside the zstd decoder alone on as many workers\n\n%-6s %8s %8s %8s %7s\n", "type", "workers", "GB/s", "zstd", "share")
	for _, l := range r.Loading {
		env.printf("%-6s %8d %8.2f %8.2f %6.0f%%\n", l.DType, l.Workers, l.GBPS, l.ZstdGBP, 100*l.Share)
	}
}
