package kernels

import (
	"math"
	"testing"
)

// TestPhilox holds the vectors published with the paper (Random123, kat_vectors).
func TestPhilox(t *testing.T) {
	const ones = math.MaxUint32
	for _, r := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := philox(r.counter, r.key); got != r.want {
			t.Errorf("counter %x, key %x: got %x, want %x", r.counter, r.key, got, r.want)
		}
	}
}

// TestNoisePlaces checks where the words go: the first vector of key 0 is the
// published one, and the second pixel, the second vector and the second image
// have a counter or key of their own.
func TestNoisePlaces(t *testing.T) {
	key := NewArray(Uint(2, 1, 1, 4))
	copy(key.Row(1), []float64{5, 6, 7, 8})
	u := reference(t, Noise{2, 2, 6, true}, key)
	g := reference(t, Noise{2, 2, 6, false}, key)
	for _, r := range []struct {
		n, h, w, c int
		words      [4]uint32
	}{
		{0, 0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{0, 1, 0, 0, philox([4]uint32{2, 0, 0, 0}, [2]uint32{})},
		{1, 1, 1, 4, philox([4]uint32{3, 1, 7, 8}, [2]uint32{5, 6})},
	} {
		for i := range min(4, 6-r.c) {
			if got, want := u.At(r.n, r.h, r.w, r.c+i), float64(r.words[i]>>8)/(1<<24); got != want {
				t.Errorf("uniform (%d,%d,%d,%d): got %v, want %v", r.n, r.h, r.w, r.c+i, got, want)
			}
			radius := math.Sqrt(-2 * math.Log((float64(r.words[i&^1]>>9)+0.5)*0x1p-23))
			angle := 2 * math.Pi * (float64(r.words[i|1]>>9) + 0.5) * 0x1p-23
			want := radius * [2]float64{math.Cos(angle), math.Sin(angle)}[i&1]
			if got := g.At(r.n, r.h, r.w, r.c+i); math.Abs(got-want) > 1e-14 {
				t.Errorf("normal (%d,%d,%d,%d): got %v, want %v", r.n, r.h, r.w, r.c+i, got, want)
			}
		}
	}
}

// TestNoiseMoments checks mean, variance, skewness and kurtosis of 400,000
// values, and that lanes, neighbours and keys that differ in one bit are not
// correlated. The bounds are five standard errors.
func TestNoiseMoments(t *testing.T) {
	key := NewArray(Uint(2, 1, 1, 4))
	copy(key.Data, []float64{1, 2, 3, 4, 1, 2, 3, 5})
	for _, r := range []struct {
		uniform bool
		moments [4]float64 // expected powers 1 to 4 after centring and scaling
		spread  [4]float64 // standard deviations of those powers
	}{
		{false, [4]float64{0, 1, 0, 3}, [4]float64{1, math.Sqrt(2), math.Sqrt(15), math.Sqrt(96)}},
		{true, [4]float64{0, 1, 0, 1.8}, [4]float64{1, math.Sqrt(0.8), math.Sqrt(27.0 / 7), math.Sqrt(9 - 3.24)}},
	} {
		y := reference(t, Noise{224, 224, 4, r.uniform}, key).Data
		if r.uniform {
			for i, v := range y {
				if v < 0 || v >= 1 {
					t.Fatalf("value %d is %v, want [0, 1)", i, v)
				}
				y[i] = (v - 0.5) * math.Sqrt(12)
			}
		}
		count := float64(len(y))
		for k, want := range r.moments {
			var sum float64
			for _, v := range y {
				sum += math.Pow(v, float64(k+1))
			}
			if got, bound := sum/count, 5*r.spread[k]/math.Sqrt(count); math.Abs(got-want) > bound {
				t.Errorf("uniform %t: moment %d is %.5f, want %.5f within %.5f", r.uniform, k+1, got, want, bound)
			}
		}
		for _, lag := range []int{1, 2, 3, 4, 4 * 224, len(y) / 2} {
			var sum float64
			for i := lag; i < len(y); i++ {
				sum += y[i] * y[i-lag]
			}
			n := float64(len(y) - lag)
			if got, bound := sum/n, 5/math.Sqrt(n); math.Abs(got) > bound {
				t.Errorf("uniform %t: correlation at distance %d is %.5f, bound %.5f", r.uniform, lag, got, bound)
			}
		}
	}
}

func TestNoiseRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{Noise{1, 1, 1, false}, []Tensor{Float(1, 1, 1, 4)}, "input 0 is f32 1x1x1x4, want u32"},
		{Noise{1, 1, 1, false}, []Tensor{Uint(1, 1, 1, 3)}, "key is 1x1x1x3, want Nx1x1x4"},
		{Noise{1, 0, 1, false}, []Tensor{Uint(1, 1, 1, 4)}, "output f32 1x1x0x1"},
		{Noise{1 << 20, 1 << 20, 1, false}, []Tensor{Uint(1, 1, 1, 4)}, "below 2^31"},
	})
}
