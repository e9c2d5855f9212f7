package torch

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func ours(err error) bool {
	for _, kind := range []error{ErrFormat, ErrLimit, ErrUnsupported, ErrTensor, ErrNoState, ErrAmbiguous} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// TestAttacks reads the files that testdata/attacks/gen.py writes; each must be refused for its own reason, in 200 ms and 64 MiB of
// allocations in all, and nothing they name may run.
func TestAttacks(t *testing.T) {
	want := map[string]error{
		"good": nil, "runs-code": ErrNoState, "runs-code-in-key": ErrNoState, "calls-a-string": ErrFormat, "bomb-deflate": ErrUnsupported,
		"bomb-deflate-pickle": ErrUnsupported, "bomb-stride-0": ErrLimit, "bomb-stride-overlap": ErrLimit, "bomb-lists": ErrLimit,
		"bomb-text": ErrLimit, "bomb-laughs": ErrNoState, "bomb-self": ErrNoState, "past-storage": ErrTensor, "offset-negative": ErrTensor,
		"stride-negative": ErrTensor, "size-negative": ErrTensor, "stride-overflow": ErrTensor, "rank-17": ErrLimit,
		"storage-length": ErrFormat, "storage-missing": ErrFormat, "storage-path": ErrFormat, "storage-complex": ErrUnsupported,
		"sparse": ErrUnsupported, "opcode": ErrFormat, "empty-stack": ErrFormat, "no-mark": ErrFormat, "cut": ErrFormat,
		"no-pickle": ErrFormat, "no-state": ErrNoState, "crc": ErrFormat, "legacy-cut": ErrFormat, "legacy-length": ErrFormat,
	}
	files, err := filepath.Glob("../../testdata/attacks/torch-*.pt")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d attack files, %d expected (%v)", len(files), len(want), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "torch-"), ".pt")
		kind, known := want[name]
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := Load(path)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if !known || (kind == nil) != (err == nil) || !errors.Is(err, kind) {
			t.Errorf("%s: got %v, want %v", name, err, kind)
		}
		if heap := after.TotalAlloc - before.TotalAlloc; took > 200*time.Millisecond || heap > 64<<20 {
			t.Errorf("%s: took %v, allocated %d bytes", name, took, heap)
		}
	}
	if _, err := os.Stat("drdc-attack-ran"); err == nil {
		t.Error("a file ran its code")
	}
}

// pickled runs one pickle.
func pickled(p string) (any, error) {
	m := &machine{limit: maxPickle}
	m.r = bufio.NewReader(strings.NewReader(p))
	return m.run()
}

func TestPickleLiterals(t *testing.T) {
	for _, c := range []struct {
		name, pickle string
		want         any
	}{
		{"int text", "I-7\n.", int64(-7)},
		{"true text", "I01\n.", true},
		{"long text", "L12L\n.", int64(12)},
		{"binint", "J\xfe\xff\xff\xff.", int64(-2)},
		{"binint1", "K\xff.", int64(255)},
		{"binint2", "M\x01\x02.", int64(513)},
		{"long1 negative", "\x8a\x01\xff.", int64(-1)},
		{"long1 empty", "\x8a\x00.", int64(0)},
		{"long1 large", "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", int64(math.MinInt64)},
		{"long1 beyond", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", bigint("\x00\x00\x00\x00\x00\x00\x00\x00\x01")},
		{"float text", "F1.5\n.", 1.5},
		{"binfloat", "G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1.5},
		{"unicode", "X\x02\x00\x00\x00\xc3\xa9.", "é"},
		{"string", "S'ab'\n.", "ab"},
		{"bytes", "C\x02ab.", pickledBytes("ab")},
		{"memo", "K\x05q\x010h\x01.", int64(5)},
		{"frame", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01.", int64(1)},
	} {
		if got, err := pickled(c.pickle); err != nil || got != c.want {
			t.Errorf("%s: %v (%v), want %v", c.name, got, err, c.want)
		}
	}
}

// TestMemoryBudget runs pickles that are nothing but objects; the machine must give up within its budget.
func TestMemoryBudget(t *testing.T) {
	for name, p := range map[string]string{
		"dicts":  strings.Repeat("}0", 2<<20),
		"tuples": "N" + strings.Repeat("\x85", 4<<20),
		"memo":   "N" + memo(1<<20),
		"marks":  strings.Repeat("(", 1<<20),
		"texts":  strings.Repeat("X\x00\x00\x10\x00"+strings.Repeat("x", 1<<20)+"0", 50),
		"set":    "}" + strings.Repeat("K\x01Ns", 4<<20),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := pickled(p)
		runtime.ReadMemStats(&after)
		// Growing slices and maps leave garbage, so what was allocated in all may be a few times the budget.
		if heap := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrLimit) || heap > 3*maxMemory {
			t.Errorf("%s: allocated %d bytes, %v", name, heap, err)
		}
	}
}

func memo(n int) string {
	var b bytes.Buffer
	for i := range n {
		b.WriteByte('r')
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(i)))
	}
	return b.String()
}

// TestBigEndian turns the golden around: the same numbers stored with the other byte order must read the same.
func TestBigEndian(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	s := &storage{key: "0", count: 2, elem: elem{"f32", 4}}
	v := []named{{"w", &tensor{storage: s, shape: []int{2}, stride: []int64{1}}}}
	got, err := arrays(v, func(*storage) ([]byte, error) { return bytes.Clone(data), nil }, true, 8)
	if err != nil || !bytes.Equal(got[0].Data, []byte{4, 3, 2, 1, 8, 7, 6, 5}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestStateDict(t *testing.T) {
	w := &tensor{storage: &storage{}}
	d := func(pairs ...any) *dict {
		out := new(dict)
		for i := 0; i < len(pairs); i += 2 {
			out.set(pairs[i], pairs[i+1])
		}
		return out
	}
	for _, c := range []struct {
		name string
		root any
		n    int
		want error
	}{
		{"plain", d("a", w, "b", w), 2, nil},
		{"nested", d("epoch", int64(1), "state_dict", d("a", w), "optimizer", d("a", w)), 1, nil},
		{"usual name first", d("ema", d("a", w), "model", d("a", w, "b", w)), 2, nil},
		{"only the optimizer", d("optimizer_state", d("a", w)), 0, ErrNoState},
		{"two", d("x", d("a", w), "y", d("b", w)), 0, ErrAmbiguous},
		{"opaque dict", &opaque{class: "easydict.EasyDict", items: *d("a", w)}, 1, nil},
		{"whole module", &opaque{class: "net.Net", items: *d("_modules", d("a", d("a", w)))}, 0, ErrNoState},
		{"a number", int64(1), 0, ErrNoState},
	} {
		got, err := stateDict(c.root)
		if len(got) != c.n || !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %d tensors, %v", c.name, len(got), err)
		}
	}
}

func FuzzTorch(f *testing.F) {
	for _, glob := range []string{"../../testdata/attacks/torch-*.pt", "../../testdata/golden/torch/*.pt"} {
		files, _ := filepath.Glob(glob)
		for _, path := range files {
			if b, err := os.ReadFile(path); err == nil && len(b) < 1<<14 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !ours(err) {
				t.Fatal(err)
			}
			return
		}
		total := 0
		for _, a := range arrays {
			if _, err := a.Float32(); err != nil && len(a.Shape) <= 8 {
				t.Fatal(err)
			}
			total += len(a.Data)
		}
		if len(arrays) == 0 {
			t.Fatal("a state dict without tensors")
		}
	})
}

// FuzzPickle runs the machine without a container around the pickle.
func FuzzPickle(f *testing.F) {
	f.Add("\x80\x02}q\x00X\x01\x00\x00\x00ac__builtin__\neval\n(tRs.")
	f.Add("\x80\x02ccollections\nOrderedDict\n](](K\x01K\x02eetR.")
	f.Add("(lp0\nI1\naS'a'\na(dp1\nS'k'\nI2\ns0.")
	f.Fuzz(func(t *testing.T, p string) {
		m := &machine{limit: maxPickle, r: bufio.NewReader(strings.NewReader(p)), persistent: (&storages{known: map[string]*storage{}}).resolve}
		v, err := m.run()
		if err == nil {
			_, err = stateDict(v)
		}
		if err != nil && !ours(err) {
			t.Fatal(err)
		}
	})
}
