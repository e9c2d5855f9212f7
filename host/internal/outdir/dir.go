package outdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process works in the folder.
var ErrLocked = errors.New("in use by another run")

// Where the package keeps its own files, below the folder.
const (
	// State is the subfolder for what is not a result.
	State    = ".drdc"
	temp     = State + "/tmp"
	lockFile = State + "/lock"
)

// lockTime is how long Open tries to get the lock.
const lockTime = 400 * time.Millisecond

// Dir is an output folder held by this process. Its methods take slash-separated
// paths relative to the folder. It is not safe for concurrent use.
type Dir struct {
	root *os.Root
	lock *flock.Flock
	next int // number of the next temporary file
}

// Open makes the folder if it is missing, locks it and removes temporary files
// that an earlier run left. It wraps ErrLocked, within half a second, when
// another process holds the folder.
func Open(name string) (*Dir, error) {
	d, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("output folder %q: %w", name, err)
	}
	return d, nil
}

func open(name string) (_ *Dir, err error) {
	if err := os.MkdirAll(name, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d := &Dir{root: root}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := root.Mkdir(State, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// The lock is opened by path, so neither it nor its folder may be a link.
	for _, p := range []string{State, lockFile} {
		if st, err := root.Lstat(p); err == nil && st.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s is a symbolic link", p)
		}
	}
	d.lock = flock.New(filepath.Join(name, filepath.FromSlash(lockFile)))
	// The worker of a run that was just killed can hold the lock for a moment,
	// until it has become another program.
	patience, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	switch _, err := d.lock.TryLockContext(patience, lockTime/20); {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, ErrLocked
	case err != nil:
		return nil, err
	}
	if err := root.RemoveAll(temp); err != nil {
		return nil, err
	}
	return d, root.Mkdir(temp, 0o777)
}

// Close gives the folder up.
func (d *Dir) Close() error {
	var errs []error
	if d.lock != nil {
		if d.lock.Locked() {
			errs = append(errs, d.root.RemoveAll(temp))
		}
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(append(errs, d.root.Close())...)
}

// Name is the path of the folder, as given to Open.
func (d *Dir) Name() string { return d.root.Name() }

// Root gives access to all files below the folder.
func (d *Dir) Root() *os.Root { return d.root }

// Exists says whether a regular file of that name lies in the folder.
func (d *Dir) Exists(name string) bool {
	st, err := d.root.Lstat(name)
	return err == nil && st.Mode().IsRegular()
}

// Put writes one file: the whole of what write gives it, or nothing.
func (d *Dir) Put(name string, write func(io.Writer) error) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}

// Create starts a file that appears under its name at Commit. Folders above it
// are made.
func (d *Dir) Create(name string) (*File, error) {
	if err := d.root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return nil, err
	}
	d.next++
	t := fmt.Sprintf("%s/%d", temp, d.next)
	f, err := d.root.OpenFile(t, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &File{dir: d, file: f, temp: t, name: name}, nil
}

// File is a file on its way into the folder.
type File struct {
	dir        *Dir
	file       *os.File
	temp, name string
}

// Write adds to the temporary file.
func (f *File) Write(p []byte) (int, error) { return f.file.Write(p) }

// Commit syncs the file, gives it its name, replacing what had it, and syncs
// the folder. After an error nothing is left of the file.
func (f *File) Commit() error {
	err := errors.Join(f.file.Sync(), f.file.Close())
	if err == nil {
		err = f.dir.root.Rename(f.temp, f.name)
	}
	if err != nil {
		return errors.Join(err, f.dir.root.Remove(f.temp))
	}
	return SyncFolder(f.dir.root, path.Dir(f.name))
}

// Discard drops the file.
func (f *File) Discard() error {
	return errors.Join(f.file.Close(), f.dir.root.Remove(f.temp))
}
