package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/drdc-dev/drdc/host/internal/walk"
)

// Errors of a Client.
var (
	// ErrCrashed says that the worker died over an image, and again when it got
	// the image once more. The next image can be tried.
	ErrCrashed = errors.New("worker crashed")
	// ErrGivenUp says that workers died too often in a row.
	ErrGivenUp = errors.New("the worker keeps crashing")
	// ErrFatal says that no image can be done: the model cannot be opened. It
	// comes with ErrNoDevice where that is why.
	ErrFatal = errors.New("worker")
)

// A Client's patience.
const (
	maxTries   = 2 // for an image
	maxCrashes = 5 // in a row
	// stopTime is how long the image in hand may take when the context has ended.
	stopTime = 1500 * time.Millisecond
	// Without a sign of life for so long, a worker is killed.
	gpuSilence      = 30 * time.Second
	softwareSilence = 300 * time.Second
)

// Config says how a Client works.
type Config struct {
	Spec  Spec
	Start Start
	// Silence is how long a worker may go without a sign of life: 0 means 30 s on
	// a GPU, 300 s on a CPU and while the model opens.
	Silence time.Duration
	// Note gets lines for the user; warnings are worth a line even with --quiet.
	Note func(text string, warning bool)
}

// Client is the parent's end: it keeps one worker alive. It is not safe for
// concurrent use.
type Client struct {
	config  Config
	process process // nil between workers
	info    Info
	crashes int // in a row
}

// NewClient makes a client; the worker starts with the first image.
func NewClient(config Config) *Client { return &Client{config: config} }

// Close ends the worker.
func (c *Client) Close() error {
	if c.process == nil {
		return nil
	}
	p := c.process
	c.process = nil
	return p.close()
}

// Detect has the worker do one image and gives sink every file as it arrives.
// An error of sink fails the image. After a crash the image is done once more:
// restart tells sink's owner that the files so far are void. next, which may be nil, is
// the image that will likely follow: the worker begins with it. It is not named again
// after a crash, which it may have caused.
//
// It wraps ErrCrashed, ErrGivenUp or ErrFatal, or is the context's cause; every
// other error is about this image.
func (c *Client) Detect(ctx context.Context, image walk.Image, next *walk.Image, restart func() error, sink func(Kind, io.Reader) error) (Reply, error) {
	for try := 1; ; {
		if err := c.ready(ctx); err != nil {
			return Reply{}, err
		}
		reply, err := c.once(ctx, image, next, sink)
		var crash *crashError
		if !errors.As(err, &crash) {
			c.crashes = 0
			return reply, err
		}
		if err := c.crashed(crash); err != nil {
			return Reply{}, err
		}
		if try == maxTries {
			return Reply{}, fmt.Errorf("%w (%s)", ErrCrashed, crash.reason)
		}
		try++
		next = nil
		if err := restart(); err != nil {
			return Reply{}, err
		}
	}
}

// Profile returns what the worker measured, or nil when none runs.
func (c *Client) Profile(ctx context.Context) (json.RawMessage, error) {
	if c.process == nil {
		return nil, nil
	}
	if err := writeFrame(c.process, message{Type: typeProfile}, nil); err != nil {
		return nil, err
	}
	for {
		m, payload, err := c.next(ctx)
		if err != nil {
			return nil, err
		}
		if m.Type == typeProfile {
			return io.ReadAll(payload)
		}
	}
}

// crashError is the death of a worker.
type crashError struct{ reason string }

func (e *crashError) Error() string { return "worker crashed (" + e.reason + ")" }

// crashed counts a crash; too many in a row are an error.
func (c *Client) crashed(crash *crashError) error {
	c.crashes++
	if c.crashes >= maxCrashes {
		return fmt.Errorf("%w: %d times in a row, last: %s", ErrGivenUp, c.crashes, crash.reason)
	}
	c.config.Note(fmt.Sprintf("%v; starting it again", crash), true)
	return nil
}

// ready sees to it that a worker runs and has the model open.
func (c *Client) ready(ctx context.Context) error {
	for c.process == nil {
		if err := c.pause(ctx); err != nil {
			return err
		}
		p, err := c.config.Start()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFatal, err)
		}
		c.process, c.info = p, Info{Software: true}
		err = c.greet(ctx)
		var crash *crashError
		if errors.As(err, &crash) {
			err = c.crashed(crash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pause waits before the next worker, the longer the more have crashed.
func (c *Client) pause(ctx context.Context) error {
	wait := []time.Duration{0, 200 * time.Millisecond, time.Second, 5 * time.Second}
	select {
	case <-time.After(wait[min(c.crashes, len(wait)-1)]):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// greet sends the spec and waits for the worker to be ready.
func (c *Client) greet(ctx context.Context) error {
	if err := writeFrame(c.process, message{Type: typeOpen, Spec: &c.config.Spec}, nil); err != nil {
		return c.bury(ctx, err)
	}
	for {
		m, _, err := c.next(ctx)
		if err != nil {
			return err
		}
		switch m.Type {
		case typeReady:
			if m.Info == nil {
				return c.bury(ctx, errFrame)
			}
			c.info = *m.Info
			return nil
		case typeFatal:
			err := fmt.Errorf("%w: %s", ErrFatal, m.Text)
			if m.NoDevice {
				err = fmt.Errorf("%w: %s", errors.Join(ErrFatal, ErrNoDevice), m.Text)
			}
			return errors.Join(err, c.Close())
		default:
			return c.bury(ctx, errFrame)
		}
	}
}

// once has the worker do the image.
func (c *Client) once(ctx context.Context, image walk.Image, next *walk.Image, sink func(Kind, io.Reader) error) (Reply, error) {
	m := message{Type: typeImage, Image: jobOf(image)}
	if next != nil {
		m.Next = jobOf(*next)
	}
	if err := writeFrame(c.process, m, nil); err != nil {
		return Reply{}, c.bury(ctx, err)
	}
	makes := c.config.Spec.Makes()
	var refused error // by sink
	for {
		m, payload, err := c.next(ctx)
		if err != nil {
			return Reply{}, err
		}
		switch m.Type {
		case typeFile:
			i := slices.IndexFunc(makes, func(k Kind) bool { return k.Name == m.Kind })
			if i < 0 {
				return Reply{}, c.bury(ctx, errFrame)
			}
			err := c.watched(ctx, func() error {
				if refused == nil {
					refused = sink(makes[i], payload)
				}
				if _, err := io.Copy(io.Discard, payload); err != nil || payload.N > 0 {
					return errors.Join(err, io.ErrUnexpectedEOF)
				}
				return nil
			})
			if err != nil {
				return Reply{}, err
			}
		case typeDone:
			if m.Reply == nil || len(m.Reply.Scores) != len(c.config.Spec.Variants) {
				return Reply{}, c.bury(ctx, errFrame)
			}
			m.Reply.Adapter = c.info.Adapter
			return *m.Reply, refused
		case typeFailed:
			return Reply{}, errors.New(m.Text)
		default:
			return Reply{}, c.bury(ctx, errFrame)
		}
	}
}

func jobOf(image walk.Image) *imageJob {
	return &imageJob{Root: []byte(image.Root), Rel: []byte(image.Rel)}
}

// next waits for a frame that is more than a sign of life. It kills a worker
// that is silent for too long, or that still works stopTime after the context
// has ended; both show as the end of the stream.
func (c *Client) next(ctx context.Context) (message, *io.LimitedReader, error) {
	for {
		var m message
		var payload *io.LimitedReader
		err := c.watched(ctx, func() (err error) {
			m, payload, err = readFrame(c.process)
			return err
		})
		if err != nil {
			return m, nil, err
		}
		switch m.Type {
		case typeBeat:
		case typeNote, typeWarn:
			c.config.Note(m.Text, m.Type == typeWarn)
		case typeLost:
			return m, nil, c.bury(ctx, &crashError{m.Text})
		default:
			return m, payload, nil
		}
	}
}

// watched reads from the worker under the watchdog.
func (c *Client) watched(ctx context.Context, read func() error) error {
	p, silence := c.process, c.silence()
	silent := time.AfterFunc(silence, p.kill)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopTime, p.kill) })
	err := read()
	stop()
	if !silent.Stop() {
		err = &crashError{fmt.Sprintf("no sign of life for %v, killed", silence)}
	}
	if err != nil {
		return c.bury(ctx, err)
	}
	return nil
}

func (c *Client) silence() time.Duration {
	switch {
	case c.config.Silence > 0:
		return c.config.Silence
	case c.info.Software:
		return softwareSilence
	}
	return gpuSilence
}

// bury removes a worker that cannot go on. The result is the context's cause
// when it has ended, else a crashError: cause itself, or how the worker ended.
func (c *Client) bury(ctx context.Context, cause error) error {
	reason := c.process.wait()
	c.process = nil
	var crash *crashError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(cause, &crash):
		return crash
	case errors.Is(cause, errFrame):
		reason = "sent what is no frame"
	}
	return &crashError{reason}
}
