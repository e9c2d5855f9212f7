package walk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(filepath.Base(name)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	base := t.TempDir()
	t.Chdir(base)
	for _, name := range []string{
		"photos/b.png", "photos/a/x.JPG", "photos/a/y.tiff", "photos/a/note.txt", "photos/.hidden.png", "photos/.git/z.png",
		"photos/out/masks/m.png", "photos/bad\xff/n\xfe.webp", "secret.png", "one.bmp", "folder.png/inner.png",
	} {
		put(t, name)
	}
	link(t, "../secret.png", "photos/out.png")
	link(t, filepath.Join(base, "secret.png"), "photos/abs.png")
	link(t, "b.png", "photos/in.png")
	link(t, "nothing.png", "photos/gone.png")
	link(t, "loop.png", "photos/loop.png")
	link(t, "../folder.png", "photos/dir.png")
	link(t, "secret.png", "named.png")

	images, err := Find([]string{"one.bmp", "photos", "./photos/../photos", "named.png", "folder.png"}, "photos/out")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range images {
		line := i.Path
		if i.Err != nil {
			line += ": " + i.Err.Error()
		} else {
			f, err := i.Open()
			if err != nil {
				t.Errorf("%q: %v", i.Path, err)
				continue
			}
			data, err := io.ReadAll(f)
			if err != nil || int64(len(data)) != i.Size || i.Modified == 0 {
				t.Errorf("%q: %d bytes, size %d, %v", i.Path, len(data), i.Size, err)
			}
			f.Close()
		}
		got = append(got, line)
	}
	want := []string{
		"folder.png/inner.png",
		"named.png", // chosen by name: it may lead anywhere
		"one.bmp",
		"photos/a/x.JPG", "photos/a/y.tiff",
		"photos/abs.png: " + ErrOutside.Error(),
		"photos/b.png", "photos/bad\xff/n\xfe.webp",
		"photos/dir.png: " + ErrOutside.Error(),
		"photos/gone.png: no such file or directory",
		"photos/in.png",
		"photos/loop.png: too many levels of symbolic links",
		"photos/out.png: " + ErrOutside.Error(),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFindErrors(t *testing.T) {
	empty := t.TempDir()
	if _, err := Find([]string{empty}, ""); err == nil || !strings.Contains(err.Error(), "no images in") {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Find([]string{filepath.Join(empty, "gone")}, ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing argument: %v", err)
	}
}

// TestOpen replaces an image by a link after it was found.
func TestOpen(t *testing.T) {
	dir, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret.png")
	put(t, filepath.Join(dir, "a.png"))
	put(t, secret)
	images, err := Find([]string{dir}, "")
	if err != nil || len(images) != 1 || images[0].Err != nil {
		t.Fatal(images, err)
	}
	if err := os.Remove(filepath.Join(dir, "a.png")); err != nil {
		t.Fatal(err)
	}
	link(t, secret, filepath.Join(dir, "a.png"))
	if f, err := images[0].Open(); !errors.Is(err, ErrOutside) {
		t.Errorf("%v, %v", f, err)
	}
}
