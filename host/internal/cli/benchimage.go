package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	method "github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/forward"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
)

// imageReport is what `drdc bench --image --json` writes, in seconds.
type imageReport struct {
	Adapter string          `json:"adapter"`
	Model   string          `json:"model"`
	Size    int             `json:"size"`
	Memory  string          `json:"memory"`
	Open    float64         `json:"open"`  // loading and compiling
	First   float64         `json:"first"` // the first image, compiling included that the driver put off
	Best    method.Seconds  `json:"best"`  // of the warm images
	Median  float64         `json:"median"`
	Every   float64         `json:"every"`   // from one warm image to the next, which was made ready beside it
	Profile *method.Profile `json:"profile"` // of one more, each kernel timed
	Device  float64         `json:"device"`  // seconds of it in kernels
	Idle    float64         `json:"idle"`    // share of it in which no kernel ran
}

// benchImage times the whole method on an image: a model of that preset with drawn weights,
// or a model file.
func benchImage(ctx context.Context, env *environment, preset, file string, passes int) (err error) {
	if passes < 1 {
		return usageError("--passes %d, want 1 or more", passes)
	}
	m, name, free, err := openWhole(preset, file, env.seed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, free()) }()
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	a := dev.Adapter()
	r := imageReport{Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type), Model: name, Size: m.Config.ImageSize}
	if err := r.measure(ctx, env, dev, m, passes); err != nil {
		return err
	}
	if env.json {
		return env.printJSON(r)
	}
	r.write(env)
	return nil
}

// openWhole finds the model; free is never nil.
func openWhole(preset, file string, seed uint64) (m method.Model, name string, free func() error, err error) {
	free = func() error { return nil }
	if file == "" {
		c, err := model.Preset(preset)
		if err != nil {
			return m, "", free, usageError("--image: %w", err)
		}
		store, err := forward.UntrainedModel(c, seed)
		return method.Model{Config: c, Store: store}, preset, free, err
	}
	if preset != "model" {
		return m, "", free, usageError("--image %q, want model, the file that --model names", preset)
	}
	f, err := weights.Open(file)
	if err != nil {
		return m, "", free, err
	}
	if m, err = method.FromFile(f); err != nil {
		err = fmt.Errorf("%s: %w", file, err)
	}
	return m, file, f.Close, err
}

func (r *imageReport) measure(ctx context.Context, env *environment, dev *gpu.Device, m method.Model, passes int) (err error) {
	img := &imgio.RGB{W: r.Size, H: r.Size, Pix: make([]uint8, 3*r.Size*r.Size)}
	random := rand.New(rand.NewPCG(env.seed, 0))
	for i := range img.Pix {
		img.Pix[i] = uint8(random.IntN(256))
	}
	once := func(o method.Options, images int, each func(*method.Result)) (opened float64, err error) {
		start := time.Now()
		d, err := method.Open(ctx, dev, m, o)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		opened, r.Memory = time.Since(start).Seconds(), d.Memory().String()
		return opened, inARow(ctx, d, img, images, func(i int, res *method.Result) {
			env.notef("image %d of %d: %.2f s", i+1, images, res.Seconds.Total)
			each(res)
		})
	}
	var warm []method.Seconds
	var from time.Time // the first result
	r.Open, err = once(method.Options{}, passes+1, func(res *method.Result) {
		if warm = append(warm, res.Seconds); len(warm) == 1 {
			from = time.Now()
		}
		r.Every = time.Since(from).Seconds() / float64(passes)
	})
	if err != nil {
		return err
	}
	r.First, warm = warm[0].Total, warm[1:]
	slices.SortFunc(warm, func(a, b method.Seconds) int { return cmp.Compare(a.Total, b.Total) })
	r.Best, r.Median = warm[0], warm[len(warm)/2].Total
	_, err = once(method.Options{Profile: true}, 1, func(res *method.Result) { r.Profile = res.Profile })
	if err != nil {
		return err
	}
	for _, row := range r.Profile.Rows {
		if row.Kernel != "host" {
			r.Device += row.Seconds
		}
	}
	r.Idle = max(0, 1-r.Device/r.Profile.Total)
	return nil
}

// inARow does the image several times, as images of a folder are done: the next is
// prepared and queued beside the one in hand.
func inARow(ctx context.Context, d *method.Detector, img *imgio.RGB, images int, each func(int, *method.Result)) error {
	type ready struct {
		image *method.Prepared
		err   error
	}
	begin := func(i int) <-chan ready {
		c := make(chan ready, 1)
		if i == images {
			close(c)
			return c
		}
		go func() {
			p, err := d.Prepare(img, sha256.Sum256(img.Pix))
			if err == nil {
				err = p.Queue(ctx)
			}
			c <- ready{p, err}
		}()
		return c
	}
	next := begin(0)
	defer func() {
		if left := <-next; left.image != nil {
			left.image.Discard()
		}
	}()
	for i := range images {
		this := <-next
		next = begin(i + 1)
		if this.err != nil {
			return this.err
		}
		res, err := this.image.Result(ctx)
		if err != nil {
			return err
		}
		each(i, res)
	}
	return nil
}

func (r *imageReport) write(env *environment) {
	env.printf("%s: an image of %d x %d px\n", r.Model, r.Size, r.Size)
	env.printf("memory: %s\n", r.Memory)
	env.printf("first run: loading and compiling %.2f s, first image %.2f s; to the first result %.2f s\n", r.Open, r.First, r.Open+r.First)
	env.printf("in a row: an image every %.2f s\n", r.Every)
	env.printf("warm: best %.2f s, median %.2f s; prepare %.3f s, base %.2f s, refine %.2f s, fuse %.3f s\n",
		r.Best.Total, r.Median, r.Best.Prepare, r.Best.Base, r.Best.Refine, r.Best.Fuse)
	env.printf("one image, each kernel timed: %.2f s, %.2f s in kernels, idle %.1f%%\n", r.Profile.Total, r.Device, 100*r.Idle)
}
