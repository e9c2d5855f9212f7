package diffusion

import (
	"math"
	"strings"
	"testing"
)

// TestSchedule has the table of method 3.6, which states ten and five digits.
func TestSchedule(t *testing.T) {
	linear, err := NewSchedule("linear", 1000)
	if err != nil {
		t.Fatal(err)
	}
	cosine, err := NewSchedule("cosine", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		t                               int
		alphaBar, signal, noise, cosine float64
	}{
		{25, 0.9915581629, 0.995770, 0.091879, 0.99751},
		{50, 0.9710157229, 0.985401, 0.170248, 0.99201},
		{75, 0.9391209023, 0.969083, 0.246737, 0.98352},
		{100, 0.8970181457, 0.947110, 0.320908, 0.97209},
		{125, 0.8461799376, 0.919880, 0.392199, 0.95780},
		{150, 0.7883213509, 0.887875, 0.460085, 0.94074},
		{175, 0.7253042381, 0.851648, 0.524114, 0.92100},
		{200, 0.6590385082, 0.811812, 0.583919, 0.89871},
		{225, 0.5913877238, 0.769017, 0.639228, 0.87399},
		{250, 0.5240853738, 0.723937, 0.689866, 0.84701},
		{500, 0.0785872429, 0.280334, 0.959902, 0.49384},
		{1000, 0.0000403583, 0.006353, 0.999980, 0},
	} {
		signal, noise := linear.level(c.t)
		for _, v := range []struct {
			name           string
			got, want, tol float64
		}{
			{"alpha-bar", linear.AlphaBar(c.t), c.alphaBar, 0.5e-10},
			{"signal", signal, c.signal, 0.5e-6},
			{"noise", noise, c.noise, 0.5e-6},
			{"cosine", cosine.AlphaBar(c.t), c.cosine, 0.5e-5},
		} {
			if !(math.Abs(v.got-v.want) <= v.tol*1.0001) {
				t.Errorf("timestep %d: %s %.12f, want %.10f", c.t, v.name, v.got, v.want)
			}
		}
	}
}

// TestCoefficients has the DDIM constants of method 4.4, a x - b eps.
func TestCoefficients(t *testing.T) {
	s, err := NewSchedule("linear", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		index int
		a, b  float64
	}{
		{249, 1.381335, 0.952936}, {224, 1.300361, 0.831227}, {199, 1.231812, 0.719279}, {174, 1.174194, 0.615412}, {149, 1.126285, 0.518187},
		{124, 1.087098, 0.426359}, {99, 1.055843, 0.338828}, {74, 1.031904, 0.254609}, {49, 1.014815, 0.172770}, {24, 1.004248, 0.092270},
	} {
		a, b := s.predict(c.index + 1)
		if math.Abs(a-c.a) > 0.51e-6 || math.Abs(b+c.b) > 0.51e-6 {
			t.Errorf("index %d: %.7f and %.7f, want %.6f and -%.6f", c.index, a, b, c.a, c.b)
		}
	}
}

// TestAdvance compares with Eq. 12 written in its three steps.
func TestAdvance(t *testing.T) {
	s, err := NewSchedule("linear", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ t, next int }{{250, 225}, {25, 0}, {1000, 500}} {
		x, p := 0.7, -0.4
		eps := (x/math.Sqrt(s.AlphaBar(c.t)) - p) / math.Sqrt(1/s.AlphaBar(c.t)-1)
		want := math.Sqrt(s.AlphaBar(c.next))*p + math.Sqrt(1-s.AlphaBar(c.next))*eps
		if a, b := s.advance(c.t, c.next); math.Abs(a*x+b*p-want) > 1e-12 {
			t.Errorf("%d to %d: %g, want %g", c.t, c.next, a*x+b*p, want)
		}
	}
}

func TestScheduleErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps int
		want  string
	}{
		{"sigmoid", 1000, `noise_schedule "sigmoid", want linear or cosine`},
		{"linear", 1, "diffusion_steps 1, want 2 to 65535"},
		{"cosine", 1 << 16, "diffusion_steps 65536"},
		{"linear", 20, "diffusion_steps 20 of the linear schedule, want 21 or more"},
	} {
		if _, err := NewSchedule(c.name, c.steps); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
