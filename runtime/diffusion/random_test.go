package diffusion

import (
	"crypto/sha256"
	"math"
	"math/big"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
)

// The second implementation of doc.go's text, with big integers and lists where the
// package has words and generators.

// textPhilox is the generator.
func textPhilox(c0, c1, c2, c3, k0, k1 int64) [4]int64 {
	word := big.NewInt(1 << 32)
	for range 10 {
		a := new(big.Int).Mul(big.NewInt(0xD2511F53), big.NewInt(c0))
		b := new(big.Int).Mul(big.NewInt(0xCD9E8D57), big.NewInt(c2))
		highA, lowA := new(big.Int).DivMod(a, word, new(big.Int))
		highB, lowB := new(big.Int).DivMod(b, word, new(big.Int))
		c0, c1, c2, c3 = highB.Int64()^c1^k0, lowB.Int64(), highA.Int64()^c3^k1, lowA.Int64()
		k0, k1 = (k0+0x9E3779B9)%(1<<32), (k1+0xBB67AE85)%(1<<32)
	}
	return [4]int64{c0, c1, c2, c3}
}

// textKey is the key of an image.
func textKey(digest []byte, seed int64) (k0, k1 int64) {
	data := append([]byte(nil), digest...)
	for i := range 8 {
		data = append(data, byte(seed>>(8*i)))
	}
	h := sha256.Sum256(data)
	word := func(b []byte) int64 {
		return int64(b[0]) + int64(b[1])*256 + int64(b[2])*65536 + int64(b[3])*16777216
	}
	return word(h[0:4]), word(h[4:8])
}

// textCells is the permutation.
func textCells(k0, k1, k, m int64) []int64 {
	p := make([]int64, m)
	for i := range p {
		p[i] = int64(i)
	}
	var list []int64
	used := 0
	for j := m - 1; j >= 1; j-- {
		for {
			if used == len(list) {
				r := textPhilox(int64(used/4), 0, 1<<24+k, 0, k0, k1)
				list = append(list, r[:]...)
			}
			w := list[used]
			used++
			if w < 1<<32-(1<<32)%(j+1) {
				p[j], p[w%(j+1)] = p[w%(j+1)], p[j]
				break
			}
		}
	}
	return p
}

// textNoise is red, green and blue of pixel q.
func textNoise(k0, k1, purpose, k, set, t, q int64) [3]float64 {
	r := textPhilox(q, 0, purpose<<24+k, set<<16+t, k0, k1)
	u := func(r int64) float64 { return (float64(r/512) + 0.5) / (1 << 23) }
	length := func(r int64) float64 { return math.Sqrt(-2 * math.Log(u(r))) }
	return [3]float64{
		length(r[0]) * math.Cos(2*math.Pi*u(r[1])),
		length(r[0]) * math.Sin(2*math.Pi*u(r[1])),
		length(r[2]) * math.Cos(2*math.Pi*u(r[3])),
	}
}

func TestPhilox(t *testing.T) {
	// The published vectors of Random123 (kat_vectors, philox4x32 10).
	ones := uint32(math.MaxUint32)
	for _, c := range []struct {
		c    [4]uint32
		k    [2]uint32
		want [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := philox(c.c, c.k); got != c.want {
			t.Errorf("%x: %x, want %x", c.c, got, c.want)
		}
		text := textPhilox(int64(c.c[0]), int64(c.c[1]), int64(c.c[2]), int64(c.c[3]), int64(c.k[0]), int64(c.k[1]))
		for i, w := range c.want {
			if text[i] != int64(w) {
				t.Errorf("%x: the text gives %x, want %x", c.c, text, c.want)
			}
		}
	}
}

// TestText reproduces masks and noise from the text.
func TestText(t *testing.T) {
	for _, c := range []struct {
		image            string
		seed             int64
		size, cell, sets int
	}{
		{"one", 0, 224, 16, 2},
		{"two", 7, 32, 8, 3}, // 16 cells: 6, 5 and 5
		{"three", 1 << 40, 24, 4, 5},
		{"four", 0, 8, 4, 4},
	} {
		digest := sha256.Sum256([]byte(c.image))
		key := NewKey(digest, uint64(c.seed))
		k0, k1 := textKey(digest[:], c.seed)
		side := int64(c.size / c.cell)
		m, n := side*side, int64(c.sets)
		p := textCells(k0, k1, int64(c.cell), m)
		masks := Masks(key, c.size, c.cell, c.sets)
		first := int64(0)
		for i := range n {
			count := m / n
			if i < m%n {
				count++
			}
			hidden := map[int64]bool{}
			for _, cell := range p[first : first+count] {
				hidden[cell] = true
			}
			first += count
			for q, known := range masks[i] {
				row, column := int64(q/c.size/c.cell), int64(q%c.size/c.cell)
				if known == hidden[row*side+column] {
					t.Fatalf("%+v: set %d, pixel %d: known %t", c, i, q, known)
				}
			}
		}
		for _, s := range []struct{ p, set, t int }{{2, 0, 0}, {2, 1, 0}, {3, 1, 250}, {3, 0, 25}} {
			in, out := kernels.NewArray(kernels.Uint(1, 1, 1, 4)), kernels.NewArray(kernels.Float(1, c.size, c.size, 3))
			for i, w := range key.stream(purpose(s.p), c.cell, s.set, s.t) {
				in.Data[i] = float64(w)
			}
			kernels.Noise{H: c.size, W: c.size, C: 3}.Reference([]*kernels.Array{in}, []*kernels.Array{out})
			for q := 0; q < c.size*c.size; q += 31 {
				want := textNoise(k0, k1, int64(s.p), int64(c.cell), int64(s.set), int64(s.t), int64(q))
				for ch, v := range out.Row(q) {
					if math.Abs(v-want[ch]) > 1e-12 {
						t.Fatalf("%+v: stream %+v, pixel %d: %v, want %v", c, s, q, out.Row(q), want)
					}
				}
			}
		}
	}
}

// TestMasks checks that every pixel is hidden once and that the sets are near equal.
func TestMasks(t *testing.T) {
	for _, c := range []struct{ size, cell, sets int }{
		{224, 16, 2}, {224, 8, 2}, {224, 4, 3}, {224, 7, 5}, {32, 32, 1}, {32, 16, 4}, {32, 16, 3}, {30, 1, 7},
	} {
		masks := Masks(NewKey(sha256.Sum256([]byte("image")), 1), c.size, c.cell, c.sets)
		least, most := math.MaxInt, 0
		hidden := make([]int, c.size*c.size)
		for i, m := range masks {
			count := 0
			for q, known := range m {
				if !known {
					hidden[q]++
					count++
				}
				if corner := q/c.size/c.cell*c.cell*c.size + q%c.size/c.cell*c.cell; known != m[corner] {
					t.Fatalf("%+v: set %d cuts a cell at pixel %d", c, i, q)
				}
			}
			least, most = min(least, count), max(most, count)
		}
		for q, n := range hidden {
			if n != 1 {
				t.Fatalf("%+v: pixel %d is hidden %d times", c, q, n)
			}
		}
		if most-least > c.cell*c.cell {
			t.Errorf("%+v: sets of %d to %d pixels", c, least, most)
		}
	}
}

// TestPermutationUnbiased draws the place of cell 0 of four for many images: each
// has a quarter, to five standard deviations.
func TestPermutationUnbiased(t *testing.T) {
	const images = 8000
	var at [4]int
	for i := range images {
		for place, cell := range permutation(Key{uint32(i), 5}, 16, 4) {
			if cell == 0 {
				at[place]++
			}
		}
	}
	for place, n := range at {
		if d := math.Abs(float64(n) - images/4); d > 5*math.Sqrt(images*3/16.0) {
			t.Errorf("place %d: %d of %d", place, n, images)
		}
	}
}
