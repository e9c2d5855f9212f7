package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/outdir"
)

// folder opens an output folder whose journal holds data.
func folder(t testing.TB, data []byte) *outdir.Dir {
	t.Helper()
	name := t.TempDir()
	if data != nil {
		if err := os.MkdirAll(filepath.Join(name, outdir.State), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(name, filepath.FromSlash(Name)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := outdir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// whole is the bytes of a journal of n entries, written by Append.
func whole(t testing.TB, n int) ([]byte, []Entry) {
	t.Helper()
	dir := folder(t, nil)
	j, err := Open(dir, "run")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for i := range n {
		e := Entry{Path: fmt.Sprintf("photos/%02d \n\xff.png", i), Size: int64(i), Modified: int64(-i), Result: json.RawMessage(fmt.Sprintf(`{"n":%d,"s":"<\n>"}`, i))}
		if err := j.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	data, err := dir.Root().ReadFile(Name)
	if err != nil {
		t.Fatal(err)
	}
	entries, damaged := parse(data)
	if len(entries) != n || damaged != 0 {
		t.Fatalf("%d entries, %d damaged", len(entries), damaged)
	}
	return data, entries
}

func TestReopen(t *testing.T) {
	data, _ := whole(t, 5)
	dir := folder(t, data)
	j, err := Open(dir, "run")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if len(j.Entries()) != 5 || j.Damaged() != 0 {
		t.Errorf("%d entries, %d damaged", len(j.Entries()), j.Damaged())
	}
	e, ok := j.Entry("photos/03 \n\xff.png")
	if !ok || e.Size != 3 || e.Modified != -3 || !strings.Contains(string(e.Result), `"n":3`) {
		t.Errorf("%v %+v", ok, e)
	}
	e.Size = 33
	if err := j.Append(e); err != nil {
		t.Fatal(err)
	}
	if len(j.Entries()) != 5 {
		t.Errorf("an image that is done again has %d entries", len(j.Entries()))
	}
	if list, err := Read(dir); err != nil || len(list) != 5 || list[3].Size != 33 {
		t.Errorf("read %d entries, %v", len(list), err)
	}
}

func TestOtherRun(t *testing.T) {
	data, _ := whole(t, 1)
	if _, err := Open(folder(t, data), "another"); !errors.Is(err, ErrOtherRun) {
		t.Errorf("%v", err)
	}
}

// TestDamage truncates a journal at each byte of its last three lines, and
// changes each bit of it: entries that are not touched survive, and what is
// added afterwards stays.
func TestDamage(t *testing.T) {
	const n = 6
	data, entries := whole(t, n)
	var ends []int // of the entries, without the last line feed, which is no part of one
	for at := 0; len(ends) < n; {
		at += len(encode(entries[len(ends)]))
		ends = append(ends, at-1)
	}
	check := func(name string, damaged []byte, lost int) {
		t.Helper()
		got, _ := parse(damaged)
		if len(got) < n-lost {
			t.Errorf("%s: %d of %d entries are left, want %d", name, len(got), n, n-lost)
		}
		for _, e := range got {
			if !slices.ContainsFunc(entries, func(w Entry) bool { return equal(e, w) }) {
				t.Errorf("%s: an entry that never was: %+v", name, e)
			}
		}
	}
	for at := ends[n-4]; at < len(data); at++ {
		lost := 0
		for _, end := range ends {
			if end > at {
				lost++
			}
		}
		check(fmt.Sprintf("cut at %d", at), data[:at], lost)
	}
	for at := range data {
		for bit := range 8 {
			damaged := slices.Clone(data)
			damaged[at] ^= 1 << bit
			check(fmt.Sprintf("bit %d of byte %d", bit, at), damaged, 1)
		}
	}

	for _, at := range []int{len(data) - 1, len(data) - 40, 40, 3} {
		dir := folder(t, data[:at])
		j, err := Open(dir, "run")
		if err != nil {
			t.Fatal(err)
		}
		had := len(j.Entries())
		if err := j.Append(Entry{Path: "new", Result: json.RawMessage(`1`)}); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := Open(dir, "run")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := again.Entry("new"); !ok || len(again.Entries()) != had+1 || again.Damaged() != 0 {
			t.Errorf("cut at %d: %d entries, then %d, %d damaged", at, had, len(again.Entries()), again.Damaged())
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func equal(a, b Entry) bool {
	return a.Run == b.Run && a.Path == b.Path && a.Size == b.Size && a.Modified == b.Modified && bytes.Equal(a.Result, b.Result)
}

// TestHammer appends and reopens many times.
func TestHammer(t *testing.T) {
	dir := folder(t, nil)
	for round := range 20 {
		j, err := Open(dir, "run")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(j.Entries()); got != round*10 {
			t.Fatalf("round %d: %d entries", round, got)
		}
		for i := range 10 {
			if err := j.Append(Entry{Path: fmt.Sprint(round, i), Result: json.RawMessage(`{}`)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzJournal puts any bytes before, into and behind a journal: its other
// entries survive, and what is read can be written and read again.
func FuzzJournal(f *testing.F) {
	data, entries := whole(f, 3)
	f.Add([]byte(""), 0)
	f.Add([]byte("\n"), 40)
	f.Add([]byte("00000000 {}\n"), 0)
	f.Add(data, len(data)/2)
	f.Add([]byte(`4a95b1d5 {"run":"run","path":"YQ==","size":1,"modified":1,"result":null}`), 7)
	f.Fuzz(func(t *testing.T, noise []byte, at int) {
		got, _ := parse(noise)
		for _, e := range got {
			if e.Result == nil {
				e.Result = json.RawMessage("null")
			}
			back, damaged := parse(encode(e))
			if damaged != 0 || len(back) != 1 || back[0].Path != e.Path || back[0].Run != e.Run {
				t.Fatalf("%+v became %+v", e, back)
			}
		}
		if bytes.Contains(noise, []byte(`"path"`)) {
			return // it may be a newer entry of the same image
		}
		at = max(0, min(at, len(data)))
		damaged := slices.Concat(data[:at], noise, data[at:])
		kept, _ := parse(damaged)
		if len(kept) < len(entries)-1 {
			t.Fatalf("%d bytes at %d: %d of %d entries are left", len(noise), at, len(kept), len(entries))
		}
	})
}
