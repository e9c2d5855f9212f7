package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/drdc-dev/drdc/host/internal/outdir"
)

// ErrOtherRun says that the journal belongs to another model or other settings.
var ErrOtherRun = errors.New("the folder holds results of another model or other settings")

// Name is the journal's file in an output folder.
const Name = outdir.State + "/journal"

// Entry is one finished image.
type Entry struct {
	// Run identifies model and settings; equal runs give equal results.
	Run string
	// Path is the image's name in results; any bytes.
	Path string
	// Size in bytes and Modified in nanoseconds since 1970 are the image's, when
	// it was read.
	Size, Modified int64
	// Result is what the caller wants back, JSON.
	Result json.RawMessage
}

// line is an entry as it is stored: the path as bytes, which JSON keeps exact.
type line struct {
	Run      string          `json:"run"`
	Path     []byte          `json:"path"`
	Size     int64           `json:"size"`
	Modified int64           `json:"modified"`
	Result   json.RawMessage `json:"result"`
}

// Journal is the record of one run in one folder. It is not safe for concurrent
// use.
type Journal struct {
	run     string
	file    *os.File
	length  int64 // bytes up to the end of the last whole entry
	entries map[string]Entry
	damaged int
}

// Open reads the journal of a folder, or starts one. It wraps ErrOtherRun when
// an entry names another run. A damaged journal is written anew without its
// damaged lines.
func Open(dir *outdir.Dir, run string) (*Journal, error) {
	j, err := open(dir, run)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return j, nil
}

func open(dir *outdir.Dir, run string) (*Journal, error) {
	data, err := dir.Root().ReadFile(Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries, damaged := parse(data)
	j := &Journal{run: run, entries: map[string]Entry{}, damaged: damaged}
	for _, e := range entries {
		if e.Run != run {
			return nil, ErrOtherRun
		}
		j.entries[e.Path] = e
	}
	if err != nil || damaged > 0 {
		err = dir.Put(Name, func(w io.Writer) error {
			for _, e := range entries {
				if _, err := w.Write(encode(e)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	j.file, err = dir.Root().OpenFile(Name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	j.length, err = j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

// Read returns the entries of a folder's journal, whatever their run.
func Read(dir *outdir.Dir) ([]Entry, error) {
	data, err := dir.Root().ReadFile(Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	entries, _ := parse(data)
	return entries, nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

// Damaged counts the lines that Open dropped.
func (j *Journal) Damaged() int { return j.damaged }

// Entry returns what is known of an image: its newest entry.
func (j *Journal) Entry(path string) (Entry, bool) {
	e, ok := j.entries[path]
	return e, ok
}

// Entries returns the newest entry of every image, sorted by path.
func (j *Journal) Entries() []Entry {
	var list []Entry
	for _, path := range slices.Sorted(maps.Keys(j.entries)) {
		list = append(list, j.entries[path])
	}
	return list
}

// Append records a finished image and syncs. Run is filled in. After an error
// the entry is not recorded and the journal can still be used.
func (j *Journal) Append(e Entry) error {
	e.Run = j.run
	data := encode(e)
	n, err := j.file.WriteAt(data, j.length)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		if n > 0 {
			err = errors.Join(err, j.file.Truncate(j.length))
		}
		return fmt.Errorf("journal: %w", err)
	}
	j.length += int64(len(data))
	j.entries[e.Path] = e
	return nil
}

// encode is an entry with its CRC, between line feeds.
func encode(e Entry) []byte {
	data, err := json.Marshal(line{e.Run, []byte(e.Path), e.Size, e.Modified, e.Result})
	if err != nil {
		panic(fmt.Sprintf("journal: result of %q is not JSON: %v", e.Path, err)) // a mistake of the caller
	}
	return fmt.Appendf(nil, "\n%08x %s\n", sum(data), data)
}

// parse returns the entries of a journal, in order, and how many lines are
// damaged. Of equal paths the last stays.
func parse(data []byte) (entries []Entry, damaged int) {
	at := map[string]int{}
	for l := range bytes.SplitSeq(data, []byte("\n")) {
		if len(l) == 0 {
			continue
		}
		e, ok := decode(l)
		if !ok {
			damaged++
			continue
		}
		if i, ok := at[e.Path]; ok {
			entries[i] = e
			continue
		}
		at[e.Path] = len(entries)
		entries = append(entries, e)
	}
	return entries, damaged
}

func decode(l []byte) (Entry, bool) {
	const digits = 8
	if len(l) <= digits+1 || l[digits] != ' ' || string(fmt.Appendf(nil, "%08x", sum(l[digits+1:]))) != string(l[:digits]) {
		return Entry{}, false
	}
	dec := json.NewDecoder(bytes.NewReader(l[digits+1:]))
	dec.DisallowUnknownFields()
	var e line
	if dec.Decode(&e) != nil || dec.More() {
		return Entry{}, false
	}
	return Entry{e.Run, string(e.Path), e.Size, e.Modified, e.Result}, true
}

func sum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }
