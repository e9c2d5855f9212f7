package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// progress shows how far a long piece of work is: a bar with rate and time
// left on a terminal, a plain line now and then elsewhere, nothing with
// --quiet. It may be used from several goroutines.
type progress struct {
	env   *environment
	label string // "images"
	total int

	mu      sync.Mutex
	done    int
	start   time.Time
	written time.Time // of the last bar or line
	shown   int       // items done at that time
	width   int       // runes of the bar on the screen
	closed  bool
}

// How often progress is written.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// newProgress starts the clock for total items, a total above 0.
func newProgress(env *environment, label string, total int) *progress {
	now := env.now()
	return &progress{env: env, label: label, total: total, start: now, written: now, shown: -1}
}

// set says how many items are done in all.
func (p *progress) set(done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
	every := lineEvery
	if p.env.terminal {
		every = barEvery
	}
	if now := p.env.now(); now.Sub(p.written) >= every {
		p.write(now)
	}
}

// close writes the final state; later calls of it do nothing.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	if p.shown != p.done {
		p.write(p.env.now())
	}
	if p.env.terminal && !p.env.quiet {
		p.env.printf("\n")
	}
}

// write shows the state, the lock held.
func (p *progress) write(now time.Time) {
	p.written, p.shown = now, p.done
	if p.env.quiet {
		return
	}
	figures := p.figures(now)
	if !p.env.terminal {
		p.env.printf("%s\n", figures)
		return
	}
	room := p.env.width() - utf8.RuneCountInString(figures) - 4
	bar := figures
	if room >= 10 {
		room = min(room, 40)
		full := room * min(p.done, p.total) / p.total
		bar = "[" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "] " + figures
	}
	n := utf8.RuneCountInString(bar)
	p.env.printf("\r%s%s", bar, strings.Repeat(" ", max(0, p.width-n)))
	p.width = n
}

// figures is "images 30/120, 2.5/s, 36s left", or the whole time at the end.
func (p *progress) figures(now time.Time) string {
	text := fmt.Sprintf("%s %d/%d", p.label, p.done, p.total)
	spent := now.Sub(p.start)
	if p.done == 0 || spent <= 0 {
		return text
	}
	text += fmt.Sprintf(", %.3g/s", float64(p.done)/spent.Seconds())
	if p.done >= p.total {
		return text + ", " + roughly(spent)
	}
	left := time.Duration(float64(spent) / float64(p.done) * float64(p.total-p.done))
	return text + ", " + roughly(left) + " left"
}

// roughly rounds a duration to what a person reads: 0.4s, 36s, 4m12s, 2h5m.
func roughly(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
