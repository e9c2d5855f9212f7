package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is a running worker.
type process interface {
	io.Reader
	io.Writer
	// kill ends it at once, so that reads end.
	kill()
	// close tells it to exit, and waits; a worker that does not is killed.
	close() error
	// wait says why it ended, after a read failed.
	wait() string
}

// Start makes a worker.
type Start func() (process, error)

// exitTime is how long a worker may take to exit when told to.
const exitTime = 5 * time.Second

// Command starts workers as processes of this command line, with env added to
// the environment.
func Command(name string, args, env []string) Start {
	return func() (process, error) {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), env...)
		detach(cmd)
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		c := &child{cmd: cmd, in: in, out: out}
		cmd.Stderr = &c.said
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		return c, nil
	}
}

// child is a worker in a process of its own.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.Reader
	said tail
	once sync.Once
}

func (c *child) Read(p []byte) (int, error)  { return c.out.Read(p) }
func (c *child) Write(p []byte) (int, error) { return c.in.Write(p) }

// kill needs no error: a process that has ended cannot be killed.
func (c *child) kill() { _ = c.cmd.Process.Kill() }

func (c *child) close() error {
	err := c.in.Close()
	late := time.AfterFunc(exitTime, c.kill)
	defer late.Stop()
	_, drained := io.Copy(io.Discard, c.out)
	c.reap()
	return errors.Join(err, drained)
}

func (c *child) wait() string {
	c.kill()
	c.reap()
	reason := ended(c.cmd.ProcessState)
	if said := c.said.reason(); said != "" {
		reason += ": " + said
	}
	return reason
}

// reap ends the process's entry in the table of processes; how it ended is read
// from its state.
func (c *child) reap() { c.once.Do(func() { _ = c.cmd.Wait() }) }

// tail keeps the end of what a worker says on stderr.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 64 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - keep; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// reason is the line in which a Go program or a driver says why it ends.
func (t *tail) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for l := range bytes.Lines(t.text) {
		for _, start := range []string{"panic: ", "fatal error: ", "runtime: out of memory", "SIGABRT: ", "SIGSEGV: ", "SIGBUS: ", "drdc: "} {
			if line := strings.TrimSpace(string(l)); strings.HasPrefix(line, start) {
				return line
			}
		}
	}
	return ""
}

// InProcess starts workers inside this process: nothing protects from a crash,
// and a step that hangs cannot be killed.
func InProcess(open Open) Start {
	return func() (process, error) {
		ctx, cancel := context.WithCancel(context.Background())
		inRead, inWrite := io.Pipe()
		outRead, outWrite := io.Pipe()
		g := &guest{cancel: cancel, in: inWrite, out: outRead, done: make(chan struct{})}
		go func() {
			defer close(g.done)
			g.err = Serve(ctx, inRead, outWrite, open)
			outWrite.Close()
			inRead.Close()
		}()
		return g, nil
	}
}

// guest is a worker in this process.
type guest struct {
	cancel context.CancelFunc
	in     *io.PipeWriter
	out    *io.PipeReader
	done   chan struct{}
	err    error // of Serve, after done
}

func (g *guest) Read(p []byte) (int, error)  { return g.out.Read(p) }
func (g *guest) Write(p []byte) (int, error) { return g.in.Write(p) }

func (g *guest) kill() {
	g.cancel()
	g.in.Close()
	g.out.Close()
}

func (g *guest) close() error {
	g.in.Close()
	_, err := io.Copy(io.Discard, g.out)
	<-g.done
	return errors.Join(err, g.err)
}

func (g *guest) wait() string {
	g.kill()
	<-g.done
	if g.err == nil {
		return "ended early"
	}
	return g.err.Error()
}
