package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"

	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// task is an image that is ready for the detector, or why there is none.
type task struct {
	img       *imgio.RGB
	digest    [sha256.Size]byte
	detection Detection
	decode    time.Duration // reading and decoding
	err       error
}

// load makes the task of an image.
func (s *server) load(job imageJob) (t task) {
	start := time.Now()
	data, err := read(walk.Image{Root: string(job.Root), Rel: string(job.Rel)})
	if err != nil {
		return task{err: err}
	}
	if t.img, t.err = imgio.Decode(data, string(job.Rel), imgio.DefaultLimits()); t.err != nil {
		return t
	}
	t.digest = imgio.Digest(data)
	t.decode = time.Since(start)
	t.detection, t.err = s.det.Prepare(t.img, t.digest)
	return t
}

// ahead is the task of an image whose turn has not come. There is one at most, which
// bounds the memory.
type ahead struct {
	job  imageJob
	task task
	done chan struct{} // closed when the task is there, and queued
}

// look begins with the next image beside the one in hand, behind which it is queued.
func (s *server) look(ctx context.Context, job imageJob, queued <-chan struct{}) {
	a := &ahead{job: job, done: make(chan struct{})}
	s.ahead = a
	go func() {
		defer close(a.done)
		if a.task = s.load(job); a.task.err != nil {
			return
		}
		<-queued
		// What cannot be queued now is run when its turn comes, and fails then if it must.
		_ = a.task.detection.Queue(ctx)
	}()
}

// take returns the task of an image: the one that was begun, if it is that.
func (s *server) take(job imageJob) task {
	if a := s.ahead; a != nil && bytes.Equal(a.job.Root, job.Root) && bytes.Equal(a.job.Rel, job.Rel) {
		s.ahead = nil
		<-a.done
		return a.task
	}
	s.drop()
	return s.load(job)
}

// drop gives up the task that was begun.
func (s *server) drop() {
	a := s.ahead
	if a == nil {
		return
	}
	s.ahead = nil
	<-a.done
	if a.task.detection != nil {
		a.task.detection.Discard()
	}
}
