package torch

import (
	"archive/zip"
	"bufio"
	"errors"
	"io"
	"strings"
)

// archive is an open zip checkpoint.
type archive struct {
	entries map[string]*zip.File // without the name of the top folder
	big     bool                 // big-endian
}

// budgetReader fails once more than left bytes have been asked for.
type budgetReader struct {
	r    io.ReaderAt
	left int64
}

var errBudget = errors.New("zip directory too long")

func (b *budgetReader) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errBudget
	}
	return b.r.ReadAt(p, off)
}

// openZip reads the directory of a zip checkpoint. Entries must be stored, not compressed, and together fit the file.
func openZip(r io.ReaderAt, size int64) (*archive, error) {
	b := &budgetReader{r, maxDirectory}
	z, err := zip.NewReader(b, size)
	if errors.Is(err, errBudget) {
		return nil, fail(ErrLimit, "zip directory of more than %d MiB", maxDirectory>>20)
	}
	if err != nil {
		return nil, fail(ErrFormat, "%v", err)
	}
	if len(z.File) > maxEntries {
		return nil, fail(ErrLimit, "%d zip entries, limit %d", len(z.File), maxEntries)
	}
	a := &archive{entries: make(map[string]*zip.File, len(z.File))}
	var total uint64
	for _, f := range z.File {
		if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
			return nil, fail(ErrUnsupported, "zip entry %q is compressed", clip(f.Name))
		}
		if total += f.UncompressedSize64; f.UncompressedSize64 > uint64(size) || total > uint64(size) {
			return nil, fail(ErrFormat, "zip entries of more bytes than the file has")
		}
		_, name, ok := strings.Cut(f.Name, "/")
		if !ok {
			continue
		}
		if a.entries[name] != nil {
			return nil, fail(ErrFormat, "zip entry %q occurs twice", clip(f.Name))
		}
		a.entries[name] = f
	}
	// Opening entries reads their local headers and contents.
	b.left = size + int64(len(z.File))*(1<<17) + maxDirectory
	if a.entries["data.pkl"] == nil {
		return nil, fail(ErrFormat, "a zip file without data.pkl")
	}
	if a.entries["byteorder"] != nil {
		order, err := a.content("byteorder", 16)
		if err != nil {
			return nil, err
		}
		a.big = string(order) == "big"
	}
	return a, nil
}

// content reads a whole entry of at most limit bytes and checks its CRC.
func (a *archive) content(name string, limit int64) ([]byte, error) {
	f := a.entries[name]
	if f == nil {
		return nil, fail(ErrFormat, "zip entry %q is missing", clip(name))
	}
	if int64(f.UncompressedSize64) > limit {
		return nil, fail(ErrLimit, "zip entry %q of %d bytes, limit %d", clip(name), f.UncompressedSize64, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fail(ErrFormat, "zip entry %q: %v", clip(name), err)
	}
	defer r.Close()
	b := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fail(ErrFormat, "zip entry %q: %v", clip(name), err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fail(ErrFormat, "zip entry %q: %v", clip(name), err)
	}
	return b, nil
}

// value runs data.pkl.
func (a *archive) value() (any, error) {
	text, err := a.content("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	m := &machine{r: bufio.NewReader(strings.NewReader(string(text))), limit: maxPickle}
	m.persistent = (&storages{known: map[string]*storage{}}).resolve
	return m.run()
}

// read gives the bytes of a storage.
func (a *archive) read(s *storage) ([]byte, error) {
	name := "data/" + s.key
	f := a.entries[name]
	if f == nil {
		return nil, fail(ErrFormat, "zip entry %q is missing", clip(name))
	}
	if want := uint64(s.count) * uint64(s.elem.size); f.UncompressedSize64 != want {
		return nil, fail(ErrFormat, "storage %s: %d bytes stored, %d expected", clip(s.key), f.UncompressedSize64, want)
	}
	return a.content(name, int64(f.UncompressedSize64))
}
