package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/testdata/demo"
	"github.com/drdc-dev/drdc/wasm/browser/page"
	"github.com/drdc-dev/drdc/wasm/sandbox"
	"github.com/drdc-dev/drdc/weights"
)

// ErrNoProgram says that the binary was built without the program of the page.
var ErrNoProgram = errors.New("web: this binary was built without the page's program: build it with `make build`")

// Config says what a site has.
type Config struct {
	// Program holds program.wasm.gz and wasm_exec.js.
	Program fs.FS
	// Models are model files; none stands for the demo's model with its images.
	Models []string
}

// Site is the page with everything that it loads.
type Site struct{ files map[string]*file }

// file is one file of a site: data in memory, or disk.
type file struct {
	data   []byte
	packed []byte // data by gzip; nil: not smaller
	disk   string // path of a model
	digest string // of data, or of the model
	model  bool   // cached by the page itself
}

// Contents is site.json, which the page reads.
type Contents struct {
	Models   []Model   `json:"models"`
	Examples []Example `json:"examples"` // images for the first model
}

// Model is a model file of the site.
type Model struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Digest string `json:"digest"`
	Bytes  int64  `json:"bytes"`
}

// Example is an image of the demo.
type Example struct {
	File  string `json:"file"`
	Class string `json:"class"`
	Kind  string `json:"kind"` // of defect, or "good"
}

// maxProgram bounds the unpacked program, in bytes.
const maxProgram = 64 << 20

// NewSite puts a site together. Models must stay where they are.
func NewSite(c Config) (*Site, error) {
	s := &Site{files: map[string]*file{}}
	for _, add := range []func(Config) error{s.addPage, s.addProgram, s.addModels, s.addWorker} {
		if err := add(c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Site) add(name string, data []byte) error {
	sum := sha256.Sum256(data)
	f := &file{data: data, digest: hex.EncodeToString(sum[:])}
	packed, err := pack(data)
	if err != nil {
		return err
	}
	if len(packed) < len(data)*9/10 {
		f.packed = packed
	}
	s.files[name] = f
	return nil
}

func pack(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if _, err := z.Write(data); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return b.Bytes(), nil
}

// addPage adds the page, and the sandbox of plugins in a folder of its own.
func (s *Site) addPage(Config) error {
	return errors.Join(s.addFiles(page.Files, ""), s.addFiles(sandbox.Files, "sandbox"))
}

func (s *Site) addFiles(files embed.FS, folder string) error {
	return fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		return s.add(path.Join(folder, name), data)
	})
}

// addProgram keeps the program packed, as it is sent.
func (s *Site) addProgram(c Config) error {
	glue, err := fs.ReadFile(c.Program, "wasm_exec.js")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	if err := s.add("wasm_exec.js", glue); err != nil {
		return err
	}
	packed, err := fs.ReadFile(c.Program, "program.wasm.gz")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("web: program: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(z, maxProgram+1))
	if err == nil && len(data) > maxProgram {
		err = fmt.Errorf("more than %d MiB", maxProgram>>20)
	}
	if err != nil {
		return fmt.Errorf("web: program: %w", err)
	}
	sum := sha256.Sum256(data)
	s.files["program.wasm"] = &file{data: data, packed: packed, digest: hex.EncodeToString(sum[:])}
	return nil
}

// addModels adds the models, the examples and site.json.
func (s *Site) addModels(c Config) error {
	contents := Contents{Examples: []Example{}}
	if len(c.Models) == 0 {
		if err := s.addDemo(&contents); err != nil {
			return err
		}
	}
	for _, disk := range c.Models {
		m, err := describe(disk)
		if err != nil {
			return err
		}
		for n := 2; s.files[m.File] != nil; n++ { // two folders, one name
			m.File = fmt.Sprintf("models/%d-%s", n, filepath.Base(disk))
		}
		s.files[m.File] = &file{disk: disk, digest: m.Digest, model: true}
		contents.Models = append(contents.Models, m)
	}
	text, err := json.MarshalIndent(contents, "", "  ")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	return s.add("site.json", append(text, '\n'))
}

// describe reads the header of a model file.
func describe(disk string) (m Model, err error) {
	f, err := weights.Open(disk)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := os.Stat(disk)
	if err != nil {
		return m, fmt.Errorf("web: %w", err)
	}
	name := filepath.Base(disk)
	return Model{Name: strings.TrimSuffix(name, ".drdc"), File: "models/" + name, Digest: f.Digest(), Bytes: info.Size()}, nil
}

func (s *Site) addDemo(contents *Contents) error {
	const name = "model.drdc"
	data, err := demo.Files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	f, err := weights.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	s.files[name] = &file{data: data, digest: f.Digest(), model: true}
	contents.Models = []Model{{Name: "demo", File: name, Digest: f.Digest(), Bytes: int64(len(data))}}
	return fs.WalkDir(demo.Files, "images", func(p string, e fs.DirEntry, err error) error {
		parts := strings.Split(p, "/") // images/CLASS/test/KIND/NAME
		if err != nil || e.IsDir() || len(parts) != 5 || parts[2] != "test" {
			return err
		}
		data, err := demo.Files.ReadFile(p)
		if err != nil {
			return err
		}
		to := path.Join("images", parts[1], parts[3], parts[4])
		contents.Examples = append(contents.Examples, Example{File: to, Class: parts[1], Kind: parts[3]})
		return s.add(to, data)
	})
}

// blank is the line of sw.js that is filled in.
const blank = `const site = {version: '', files: []};`

// addWorker tells the service worker which files it keeps: all but the models.
func (s *Site) addWorker(Config) error {
	all := sha256.New()
	files := [][2]string{{"./", s.files["index.html"].digest}}
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		if f := s.files[name]; !f.model && name != "sw.js" {
			fmt.Fprintf(all, "%s %s\n", f.digest, name)
			files = append(files, [2]string{name, f.digest})
		}
	}
	text, err := json.Marshal(map[string]any{"version": hex.EncodeToString(all.Sum(nil)[:8]), "files": files})
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	source := string(s.files["sw.js"].data)
	if strings.Count(source, blank) != 1 {
		return fmt.Errorf("web: sw.js has no line %q", blank)
	}
	return s.add("sw.js", []byte(strings.Replace(source, blank, "const site = "+string(text)+";", 1)))
}

// Files lists the paths of the site, sorted.
func (s *Site) Files() []string { return slices.Sorted(maps.Keys(s.files)) }

// Sent is how many bytes of a file go to a browser that takes gzip; 0 for a file that
// is not there.
func (s *Site) Sent(name string) int {
	f := s.files[name]
	switch {
	case f == nil:
		return 0
	case f.packed != nil:
		return len(f.packed)
	}
	return len(f.data)
}

// Write writes the site to a folder, which any static host can serve, with
// program.wasm.gz beside the program for hosts that send it packed. It removes nothing.
func (s *Site) Write(dir string) error {
	for _, name := range s.Files() {
		f := s.files[name]
		if err := write(dir, name, f); err != nil {
			return err
		}
		if name == "program.wasm" {
			if err := write(dir, name+".gz", &file{data: f.packed}); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(dir, name string, f *file) error {
	to := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	return weights.Replace(to, func(w io.Writer) (err error) {
		if f.disk == "" {
			_, err := w.Write(f.data)
			return err
		}
		from, err := os.Open(f.disk)
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		defer func() { err = errors.Join(err, from.Close()) }()
		_, err = io.Copy(w, from)
		return err
	})
}
