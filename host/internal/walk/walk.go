package walk

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// ErrOutside says that a link leads out of the folder that was named.
var ErrOutside = errors.New("symbolic link out of the folder")

// Image is one input.
type Image struct {
	// Path names the image in results: the argument, and for a folder the path
	// below it, separated by slashes. Any bytes that the file system takes.
	Path string
	// Root is the folder that bounds what is read, Rel the slash-separated path
	// below it.
	Root, Rel string
	// Size in bytes and Modified in nanoseconds since 1970 tell whether the file
	// has changed since.
	Size, Modified int64
	// Err says why the image cannot be read; nil for most.
	Err error
}

// Open opens the image for reading. It wraps ErrOutside for a link out of Root
// and refuses what is not a regular file.
func (i Image) Open() (*os.File, error) {
	root, err := os.OpenRoot(i.Root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	rel := filepath.FromSlash(i.Rel)
	if _, err := regular(root, rel); err != nil {
		return nil, err
	}
	return root.Open(rel)
}

// Find lists the images that the arguments, files and folders, name, sorted by
// Path and each once. The folder skip, if it lies within, is left out: results
// are no input. An argument that does not exist, or no image at all, is an
// error.
func Find(args []string, skip string) ([]Image, error) {
	var images []Image
	for _, arg := range args {
		st, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			images = append(images, single(arg))
			continue
		}
		found, err := folder(arg, skip)
		if err != nil {
			return nil, err
		}
		images = append(images, found...)
	}
	slices.SortStableFunc(images, func(a, b Image) int { return cmp.Compare(a.Path, b.Path) })
	images = slices.CompactFunc(images, func(a, b Image) bool { return a.Path == b.Path })
	if len(images) == 0 {
		return nil, fmt.Errorf("no images in %s (looked for %s)", strings.Join(args, ", "), strings.Join(endings(), ", "))
	}
	return images, nil
}

// single is an image named by itself: a link may lead anywhere, because the
// user chose it.
func single(arg string) Image {
	i := Image{Path: filepath.ToSlash(filepath.Clean(arg)), Root: filepath.Dir(arg), Rel: filepath.Base(arg)}
	if target, err := filepath.EvalSymlinks(arg); err == nil {
		i.Root, i.Rel = filepath.Dir(target), filepath.Base(target)
	}
	i.measure()
	return i
}

// folder lists the images below one folder.
func folder(arg, skip string) ([]Image, error) {
	root, err := os.OpenRoot(arg)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	out, _ := os.Stat(skip) // a folder that does not exist yet holds nothing

	var images []Image
	add := func(rel string, err error) {
		i := Image{Path: path.Join(filepath.ToSlash(filepath.Clean(arg)), rel), Root: arg, Rel: rel, Err: err}
		if err == nil {
			i.measureIn(root)
		}
		images = append(images, i)
	}

	var enter func(dir string)
	enter = func(dir string) {
		entries, err := readDir(root, dir)
		if err != nil {
			add(dir, cause(err))
		}
		for _, d := range entries {
			rel := path.Join(dir, d.Name())
			switch {
			case strings.HasPrefix(d.Name(), "."):
			case d.IsDir():
				if st, err := d.Info(); err != nil || out == nil || !os.SameFile(st, out) {
					enter(rel)
				}
			case IsImage(d.Name()):
				add(rel, nil)
			}
		}
	}
	enter(".")
	return images, nil
}

// readDir lists a folder. It serves names that are not UTF-8, which fs.WalkDir
// on root.FS() refuses.
func readDir(root *os.Root, dir string) ([]fs.DirEntry, error) {
	f, err := root.Open(filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// measure fills in size and time, or the error.
func (i *Image) measure() {
	root, err := os.OpenRoot(i.Root)
	if err != nil {
		i.Err = cause(err)
		return
	}
	defer root.Close()
	i.measureIn(root)
}

func (i *Image) measureIn(root *os.Root) {
	st, err := regular(root, filepath.FromSlash(i.Rel))
	if err != nil {
		i.Err = err
		return
	}
	i.Size, i.Modified = st.Size(), st.ModTime().UnixNano()
}

// regular follows links below root to a regular file.
func regular(root *os.Root, rel string) (fs.FileInfo, error) {
	st, err := root.Stat(rel)
	if err != nil {
		l, lerr := root.Lstat(rel)
		if lerr == nil && l.Mode()&fs.ModeSymlink != 0 && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ELOOP) {
			return nil, ErrOutside
		}
		return nil, cause(err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file (%s)", st.Mode().Type())
	}
	return st, nil
}

// cause drops the path from an error, which stands beside it in the results.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// IsImage says whether a file name has the ending of an image.
func IsImage(name string) bool {
	return slices.Contains(endings(), strings.ToLower(path.Ext(name)))
}

func endings() []string {
	return []string{".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
}
