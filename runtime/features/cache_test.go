package features

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	key := [32]byte{1, 2, 3}
	if _, err := OpenCache(path, key, 3, 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
	of := func(image int) []float32 {
		v := make([]float32, 5)
		for j := range v {
			v[j] = float32(10*image+j) / 4 // halves hold these
		}
		return v
	}
	c, err := CreateCache(path, key, 3, 5, func(i int) ([]float32, error) { return of(i), nil })
	if err != nil {
		t.Fatal(err)
	}
	check := func(c *Cache) {
		t.Helper()
		dst := make([]float32, 5)
		for _, i := range []int{2, 0, 1} {
			if err := c.Read(dst, i); err != nil {
				t.Fatal(err)
			}
			for j, v := range of(i) {
				if dst[j] != v {
					t.Errorf("image %d: %v, want %v", i, dst, of(i))
					break
				}
			}
		}
		if err := c.Read(dst, 3); err == nil || !strings.Contains(err.Error(), "image 3 into 5 values, want 0 to 2") {
			t.Error(err)
		}
		if err := c.Read(dst[:4], 0); err == nil || !strings.Contains(err.Error(), "into 4 values") {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	check(c)
	if c, err = OpenCache(path, key, 3, 5); err != nil {
		t.Fatal(err)
	}
	check(c)
	for what, open := range map[string]func() (*Cache, error){
		"key":    func() (*Cache, error) { return OpenCache(path, [32]byte{1}, 3, 5) },
		"images": func() (*Cache, error) { return OpenCache(path, key, 4, 5) },
		"values": func() (*Cache, error) { return OpenCache(path, key, 3, 6) },
	} {
		if _, err := open(); !errors.Is(err, ErrCache) {
			t.Errorf("other %s: %v, want %v", what, err, ErrCache)
		}
	}
	if err := os.Truncate(path, cacheHead+29); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(path, key, 3, 5); !errors.Is(err, ErrCache) || !strings.Contains(err.Error(), "85 bytes, want 86") {
		t.Errorf("cut short: %v", err)
	}
	if err := os.Truncate(path, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(path, key, 3, 5); !errors.Is(err, ErrCache) {
		t.Errorf("without a head: %v", err)
	}
}

// TestCacheRefuses: what fails leaves the old file.
func TestCacheRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for want, compute := range map[string]func(int) ([]float32, error){
		"broken":                     func(int) ([]float32, error) { return nil, broken },
		"1 values, want 2":           func(int) ([]float32, error) { return []float32{1}, nil },
		"value 70000 is beyond half": func(int) ([]float32, error) { return []float32{1, 70000}, nil },
		"value NaN is beyond half":   func(int) ([]float32, error) { return []float32{float32(math.NaN()), 0}, nil },
		"image 1: value -Inf is beyond": func(i int) ([]float32, error) {
			return []float32{[]float32{1, float32(math.Inf(-1))}[i], 0}, nil
		},
	} {
		if _, err := CreateCache(path, [32]byte{}, 2, 2, compute); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "old" {
		t.Errorf("the old file is %q, %v", data, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
