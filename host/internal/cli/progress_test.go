package cli

import (
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	for _, test := range []struct {
		name            string
		terminal, quiet bool
		width           int
		step            time.Duration // between items
		want            string
	}{
		{"bar", true, false, 60, time.Second,
			"\r[#######-----------------------] images 1/4, 1/s, 3.0s left" +
				"\r[###############---------------] images 2/4, 1/s, 2.0s left" +
				"\r[######################--------] images 3/4, 1/s, 1.0s left" +
				"\r[###################################] images 4/4, 1/s, 4.0s\n"},
		{"bar at most every 0.1 s", true, false, 20, 60 * time.Millisecond,
			"\rimages 2/4, 16.7/s, 0.1s left" +
				"\rimages 4/4, 16.7/s, 0.2s     \n"},
		{"lines at most every 10 s", false, false, 80, 6 * time.Second,
			"images 2/4, 0.167/s, 12s left\nimages 4/4, 0.167/s, 24s\n"},
		{"quiet", true, true, 60, time.Second, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCapture()
			c.terminal, c.quiet = test.terminal, test.quiet
			c.width = func() int { return test.width }
			now := time.Unix(0, 0)
			c.now = func() time.Time { return now }
			p := newProgress(c.environment, "images", 4)
			for i := range 4 {
				now = now.Add(test.step)
				p.set(i + 1)
			}
			p.close()
			p.close()
			if got := c.err.String(); got != test.want {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		40 * time.Millisecond:         "0.0s",
		9940 * time.Millisecond:       "9.9s",
		36 * time.Second:              "36s",
		252 * time.Second:             "4m12s",
		2*time.Hour + 5*time.Minute:   "2h5m",
		26*time.Hour + 31*time.Second: "26h1m",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
