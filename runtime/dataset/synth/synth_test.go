package synth

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestEveryKind draws each kind of damage of each class at the smallest size,
// where it is hardest to see.
func TestEveryKind(t *testing.T) {
	used := map[string]bool{}
	for _, class := range Classes() {
		if !slices.IsSorted(Kinds(class)) {
			t.Errorf("%s: kinds %v are not sorted", class, Kinds(class))
		}
		for _, kind := range Kinds(class) {
			used[kind] = true
			t.Run(class+"/"+kind, func(t *testing.T) {
				t.Parallel()
				img, mask, err := Draw(class, "test", kind, 1, MinSize, 3)
				if err != nil {
					t.Fatal(err)
				}
				if len(img.Pix) != MinSize*MinSize*3 || len(mask) != MinSize*MinSize {
					t.Fatalf("%d bytes, %d labels", len(img.Pix), len(mask))
				}
				if n := count(mask); n < leastPixels || n > MinSize*MinSize/4 {
					t.Errorf("%d pixels of damage", n)
				}
			})
		}
	}
	if len(Classes()) < 6 || len(used) < 8 {
		t.Errorf("%d classes and %d kinds of damage", len(Classes()), len(used))
	}
}

// TestVariation checks that good parts differ from each other, in seed, number
// and series, and that nothing else changes them.
func TestVariation(t *testing.T) {
	draw := func(set string, index int, seed uint64) []byte {
		img, mask, err := Draw("capsule", set, "", index, MinSize, seed)
		if err != nil || mask != nil {
			t.Fatalf("mask %v, error %v", mask, err)
		}
		return img.Pix
	}
	first := draw("train", 0, 1)
	if !bytes.Equal(first, draw("train", 0, 1)) {
		t.Error("the same picture twice is not the same")
	}
	for name, other := range map[string][]byte{"index": draw("train", 1, 1), "set": draw("test", 0, 1), "seed": draw("train", 0, 2)} {
		far := 0
		for i := range first {
			if d := int(first[i]) - int(other[i]); d > 20 || d < -20 {
				far++
			}
		}
		if far < len(first)/100 {
			t.Errorf("another %s: only %d of %d channels differ by more than 20", name, far, len(first))
		}
	}
}

// TestMaskIsExact compares a damaged part with the same part undamaged: outside
// of the mask they look alike, and most of the mask has changed.
func TestMaskIsExact(t *testing.T) {
	const size = 96
	p, err := find("gear")
	if err != nil {
		t.Fatal(err)
	}
	l := newLight(newStream(1))
	good := l.render(p.build(newStream(2), damage{}), size, 2)
	bad := l.render(p.build(newStream(2), damage{"missing", newStream(3)}), size, 2)
	mask := changed(good, bad, size)
	inside := 0
	for i := range good {
		apart := math.Abs(good[i] - bad[i])
		if mask[i/3] == 0 && apart > visible {
			t.Fatalf("pixel %d outside the mask differs by %v", i/3, apart)
		}
		if i%3 == 0 && apart > visible {
			inside++
		}
	}
	if n := count(mask); inside*10 < n*8 || n < 20 {
		t.Errorf("%d of %d pixels of the mask differ", inside, n)
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		name, in, want string
		r              int
		grow           uint8
	}{
		{"a dot grows to a square", ".....\n.....\n..#..\n.....\n.....", ".....\n.###.\n.###.\n.###.\n.....", 1, 1},
		{"and shrinks back", ".....\n.###.\n.###.\n.###.\n.....", ".....\n.....\n..#..\n.....\n.....", 1, 0},
		{"the border does not shrink", "##...\n##...\n.....\n.....\n.....", "#....\n.....\n.....\n.....\n.....", 1, 0},
		{"not square", ".....\n.###.\n.....\n.....\n.....", "#####\n#####\n#####\n#####\n.....", 2, 1},
	} {
		parse := func(s string) []uint8 {
			m := []uint8{}
			for _, c := range strings.ReplaceAll(s, "\n", "") {
				m = append(m, uint8(strings.IndexRune(".#", c)))
			}
			return m
		}
		if got := spread(parse(test.in), 5, test.r, test.grow); !slices.Equal(got, parse(test.want)) {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

// TestSamePixels pins the pictures: a platform, a compiler or a change that draws
// another data set from the same seed fails here.
func TestSamePixels(t *testing.T) {
	h := sha256.New()
	for i, class := range Classes() {
		kinds := Kinds(class)
		img, mask, err := Draw(class, "test", kinds[i%len(kinds)], 0, MinSize, 7)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(img.Pix)
		h.Write(mask)
	}
	const want = "d860439b2f885b6b8488e0350b4f8cb015cda3ef1f1f2904cf6bd3bd1d265396"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestDrawErrors(t *testing.T) {
	for _, test := range []struct {
		class, kind string
		index, size int
		want        string
	}{
		{"spoon", "", 0, 64, `class "spoon", want one of [bolt fabric`},
		{"bolt", "fibre", 0, 64, `bolt has no damage "fibre", want one of [bent cut`},
		{"bolt", "", 0, 63, "size 63 px, want 64 to 512"},
		{"bolt", "", 0, 513, "size 513 px"},
		{"bolt", "", -1, 64, "picture number -1"},
	} {
		_, _, err := Draw(test.class, "test", test.kind, test.index, test.size, 0)
		if !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
	if Kinds("spoon") != nil {
		t.Error("a class that does not exist has damage")
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, class := range Classes() {
		b.Run(class, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := Draw(class, "train", "", 0, 256, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
