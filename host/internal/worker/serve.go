package worker

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
)

// closingTime is how long a worker whose parent is gone waits for the step in
// hand, so that it can free the device.
const closingTime = 500 * time.Millisecond

// Serve is the worker's end: it answers the frames of r on w until r ends. Then
// it returns soon, even when a step hangs; the process should exit.
func Serve(ctx context.Context, r io.Reader, w io.Writer, open Open) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs, gone := make(chan message), make(chan error, 1)
	go func() {
		defer cancel()
		defer close(jobs)
		for {
			m, _, err := readFrame(r)
			if err != nil {
				if err == io.EOF {
					err = nil
				}
				gone <- err
				return
			}
			select {
			case jobs <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	s := &server{out: w, open: open}
	served := make(chan error, 1)
	go func() { served <- s.run(ctx, jobs) }()
	select {
	case err := <-served:
		return err
	case err := <-gone:
		select {
		case served := <-served:
			if !errors.Is(served, context.Canceled) {
				err = errors.Join(err, served)
			}
		case <-time.After(closingTime):
		}
		return err
	}
}

// server is the state of Serve.
type server struct {
	mu   sync.Mutex // held while a frame is written
	out  io.Writer
	open Open
	spec Spec
	det  Detector

	ahead   *ahead // nil: none
	profile profile
}

func (s *server) send(m message, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return writeFrame(s.out, m, payload)
}

// beat says that the worker lives. A parent that is gone shows at the end of
// stdin, so an error here needs no other answer.
func (s *server) beat() { _ = s.send(message{Type: typeBeat}, nil) }

func (s *server) run(ctx context.Context, jobs <-chan message) (err error) {
	first, ok := <-jobs
	if !ok {
		return nil
	}
	if first.Type != typeOpen || first.Spec == nil {
		return fmt.Errorf("%w: %q before the first %q", errFrame, first.Type, typeOpen)
	}
	s.spec = *first.Spec
	s.det, err = s.open(ctx, s.spec, Watch{
		Beat: s.beat,
		Note: func(text string) { _ = s.send(message{Type: typeNote, Text: text}, nil) },
		Warn: func(text string) { _ = s.send(message{Type: typeWarn, Text: text}, nil) },
	})
	if err != nil {
		return s.send(message{Type: typeFatal, Text: err.Error(), NoDevice: errors.Is(err, ErrNoDevice)}, nil)
	}
	defer func() {
		s.drop()
		err = errors.Join(err, s.det.Close())
	}()
	info := s.det.Info()
	if err := s.send(message{Type: typeReady, Info: &info}, nil); err != nil {
		return err
	}
	for m := range jobs {
		if m.Type == typeProfile {
			report, err := s.profile.report(info.Adapter)
			if err := errors.Join(err, s.send(message{Type: typeProfile}, report)); err != nil {
				return err
			}
			continue
		}
		if m.Type != typeImage || m.Image == nil {
			return fmt.Errorf("%w: %q where %q was due", errFrame, m.Type, typeImage)
		}
		reply, err := s.image(ctx, m)
		switch {
		case errors.Is(err, ErrLost):
			return errors.Join(err, s.send(message{Type: typeLost, Text: err.Error()}, nil))
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			err = s.send(message{Type: typeFailed, Text: err.Error()}, nil)
		default:
			err = s.send(message{Type: typeDone, Reply: &reply}, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// detect does the task and begins with the next image, unless parts are timed.
func (s *server) detect(ctx context.Context, t task, next *imageJob) (Result, error) {
	queued := make(chan struct{})
	if next != nil && !s.spec.Profile {
		s.look(ctx, *next, queued)
	}
	err := t.detection.Queue(ctx)
	close(queued)
	if err != nil {
		return Result{}, err
	}
	return t.detection.Result(ctx)
}

// image does one image and sends its files.
func (s *server) image(ctx context.Context, m message) (Reply, error) {
	t := s.take(*m.Image)
	if t.err != nil {
		return Reply{}, t.err
	}
	s.profile.host("decode", t.decode)
	s.beat()
	found, err := s.detect(ctx, t, m.Next)
	if err != nil {
		return Reply{}, err
	}
	s.profile.add(s.det.Times()...)
	s.beat()
	img, digest, detected := t.img, t.digest, time.Now()
	about := result.About{Model: s.spec.Digest, Rule: s.spec.Rule, Settings: s.spec.Settings, Threshold: s.spec.Threshold}
	pictures, err := result.NewPictures(about, img, digest, found.Heatmap, found.Score)
	if err != nil {
		return Reply{}, err
	}
	for _, k := range s.spec.Makes() {
		encode := func() ([]byte, error) { return pictures.Encode(k.Name) }
		if k.Variant > 0 {
			encode = func() ([]byte, error) { return found.variant(k.Variant - 1) }
		}
		file, err := encode()
		if err != nil {
			return Reply{}, fmt.Errorf("%s: %w", k.Name, err)
		}
		if err := s.send(message{Type: typeFile, Kind: k.Name}, file); err != nil {
			return Reply{}, err
		}
	}
	encoded := time.Since(detected)
	s.profile.host("pictures", encoded)
	s.profile.images++
	var scores []float64
	for _, v := range found.Variants {
		scores = append(scores, v.Score)
	}
	return Reply{
		Scores: scores,
		SHA256: hex.EncodeToString(digest[:]), Width: img.W, Height: img.H,
		Score: found.Score, Class: found.Class, Rule: found.Rule, Numbers: found.Numbers,
		Seconds: (t.decode + encoded).Seconds() + found.Seconds,
	}, nil
}

// read reads a file whole, within the limits of imgio.
func read(image walk.Image) ([]byte, error) {
	f, err := image.Open()
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	limit := imgio.DefaultLimits().MaxFileBytes
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: file above %d MiB", imgio.ErrTooLarge, limit>>20)
	}
	return data, nil
}

// withoutPath drops the path, which stands beside the error in the results.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
