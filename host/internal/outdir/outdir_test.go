package outdir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func open2(t *testing.T, name string) *Dir {
	t.Helper()
	d, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestPut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a", "out")
	d := open2(t, name)
	for _, s := range []string{"one", "two"} {
		if err := d.Put("sub/x.txt", text(s)); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(filepath.Join(name, "sub", "x.txt")); err != nil || string(data) != s {
			t.Errorf("%q, %v", data, err)
		}
	}
	why := errors.New("disk full")
	err := d.Put("sub/x.txt", func(w io.Writer) error { io.WriteString(w, "thr"); return why })
	if data, _ := os.ReadFile(filepath.Join(name, "sub", "x.txt")); !errors.Is(err, why) || string(data) != "two" {
		t.Errorf("after a failed write: %q, %v", data, err)
	}
	if left, err := os.ReadDir(filepath.Join(name, ".drdc", "tmp")); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if !d.Exists("sub/x.txt") || d.Exists("sub") || d.Exists("none") {
		t.Error("Exists")
	}
}

// TestOutside tries to leave the folder.
func TestOutside(t *testing.T) {
	base := t.TempDir()
	name, elsewhere := filepath.Join(base, "out"), filepath.Join(base, "elsewhere")
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	d := open2(t, name)
	if err := os.Symlink(elsewhere, filepath.Join(name, "heatmaps")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(elsewhere, "target"), filepath.Join(name, "x.png")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"../x", "heatmaps/x.png", "a/../../x", "/etc/x"} {
		if err := d.Put(p, text("out")); err == nil {
			t.Errorf("%s: written", p)
		}
	}
	if err := d.Put("x.png", text("in")); err != nil { // the link itself is replaced
		t.Error(err)
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) != 0 {
		t.Errorf("written outside: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(base, "x")); err == nil {
		t.Error("written beside the folder")
	}

	for _, link := range []string{State, lockFile} {
		trap := filepath.Join(t.TempDir(), "trap")
		p := filepath.Join(trap, filepath.FromSlash(link))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(elsewhere, p); err != nil {
			t.Fatal(err)
		}
		if d, err := Open(trap); err == nil {
			d.Close()
			t.Errorf("%s may be a link", link)
		}
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) != 0 {
		t.Errorf("written outside: %v, %v", left, err)
	}
}

func TestLock(t *testing.T) {
	name := t.TempDir()
	d := open2(t, name)
	f, err := d.Create("half")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := Open(name); !errors.Is(err, ErrLocked) || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	// The second run must not have touched the first one's temporary file.
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	put := filepath.Join(name, ".drdc", "tmp", "7")
	if err := os.MkdirAll(filepath.Dir(put), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(put, []byte("left by a kill"), 0o644); err != nil {
		t.Fatal(err)
	}
	open2(t, name)
	if _, err := os.Stat(put); err == nil {
		t.Error("a temporary file of a killed run is left")
	}
}

func TestStems(t *testing.T) {
	long := strings.Repeat("n", 251)
	for _, test := range []struct {
		name  string
		rels  []string
		taken []string
		want  []string // "~" matches "~" and 16 digits
	}{
		{"plain", []string{"good/000.png", "good/001.png"}, nil, []string{"good/000", "good/001"}},
		{"endings", []string{"a.png", "a.jpg", "b.png"}, nil, []string{"a.png", "a.jpg", "b"}},
		{"case", []string{"a.png", "A.png"}, nil, []string{"a.png~", "A.png~"}},
		{"two folders", []string{"x/a.png", "x/a.png"}, nil, []string{"x/a.png~", "x/a.png~"}},
		{"taken", []string{"a.png"}, []string{"a"}, []string{"a.png"}},
		{"taken in another case", []string{"a.png"}, []string{"A"}, []string{"a.png"}},
		{"dots", []string{"a.b.png", ".png"}, nil, []string{"a.b", "_~"}},
		{"long", []string{long + ".png"}, nil, []string{strings.Repeat("n", 255-12-17) + "~"}},
		{"not UTF-8", []string{"a\xff.png", "s\xfe/b.png"}, nil, []string{"a_~", "s_~/b"}},
		{"refused somewhere", []string{"a\nb.png", "c:d.png", "CON.png", "dot..png", "x /y.png"}, nil, []string{"a_b~", "c_d~", "_CON~", "dot_~", "x_~/y"}},
		{"marks", []string{"a~b.png", "#?.png"}, nil, []string{"a~b", "#_~"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sources []Source
			for i, r := range test.rels {
				sources = append(sources, Source{Path: fmt.Sprintf("root%d/%s", i, r), Rel: r})
			}
			got := Stems(sources, 12, test.taken)
			seen := map[string]bool{}
			for i, g := range got {
				if plain := withoutDigests(g); plain != test.want[i] && g != test.want[i] {
					t.Errorf("%q: %q, want %q", test.rels[i], g, test.want[i])
				}
				for p := range strings.SplitSeq(g, "/") {
					if !utf8.ValidString(p) || len(p)+12 > maxName || p == ".." || p == "" {
						t.Errorf("%q: part %q", test.rels[i], p)
					}
				}
				if seen[strings.ToLower(g)] {
					t.Errorf("%q twice", g)
				}
				seen[strings.ToLower(g)] = true
			}
			slices.Reverse(sources)
			back := Stems(sources, 12, test.taken)
			slices.Reverse(back)
			if !slices.Equal(got, back) {
				t.Errorf("order matters: %q, %q", got, back)
			}
		})
	}
}

// withoutDigests cuts what follows "~" in every part.
func withoutDigests(stem string) string {
	parts := strings.Split(stem, "/")
	for i, p := range parts {
		if at := strings.LastIndexByte(p, '~'); at >= 0 && len(p) == at+17 {
			parts[i] = p[:at+1]
		}
	}
	return strings.Join(parts, "/")
}
