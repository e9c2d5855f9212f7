package imgio

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

// ReadFile reads the regular file at path, at most lim.MaxFileBytes of it: a larger file wraps [ErrTooLarge], a folder
// or a pipe wraps [ErrFormat], and errors of the file system are wrapped as they are.
func ReadFile(path string, lim Limits) ([]byte, error) {
	data, err := readFile(path, lim)
	if err != nil {
		return nil, fmt.Errorf("imgio: %q: %w", path, err)
	}
	return data, nil
}

func readFile(path string, lim Limits) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file (%s)", ErrFormat, st.Mode().Type())
	}
	if err := lim.checkFile(st.Size()); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, 0, st.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if err := lim.checkFile(int64(len(data))); err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

// Digest returns the SHA-256 of a file's bytes: the identity of an image in results, journals and random streams.
func Digest(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }
