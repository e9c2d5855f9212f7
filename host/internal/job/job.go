package job

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/drdc-dev/drdc/host/internal/journal"
	"github.com/drdc-dev/drdc/host/internal/outdir"
	"github.com/drdc-dev/drdc/host/internal/report"
	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/result"
)

// ErrResults says that the output folder holds results and Resume is off.
var ErrResults = errors.New("the folder holds results")

// Config says what to do.
type Config struct {
	// Title heads the page.
	Title  string
	Images []walk.Image
	// Out is the output folder.
	Out string
	// Resume keeps the results that Out holds of the same model and settings;
	// without it any results are refused. Fresh removes them instead.
	Resume, Fresh bool
	Spec          worker.Spec
	Start         worker.Start
	// Silence is the worker's; see worker.Config.
	Silence time.Duration
	// Note gets lines for the user, Progress the state after every image.
	Note     func(text string, warning bool)
	Progress func(Summary)
}

// Summary counts images of one run.
type Summary struct {
	// Total is all images of the run, Kept those done before it, Done those it
	// did, Failed those that have an error instead of a result.
	Total, Kept, Done, Failed int
	// Anomalous are those of Kept and Done at or above the threshold.
	Anomalous int
	// Adapter is what the last image ran on; "" when none ran.
	Adapter string
	// Profile is what the worker measured, if asked to.
	Profile json.RawMessage
	// Rows are those of the images of the run that are done or failed, by path.
	Rows map[string]result.Row
}

// record is what the journal keeps of an image.
type record struct {
	Stem string     `json:"stem"` // of its files
	Link string     `json:"link"` // URL of the image, relative to the output folder
	Row  result.Row `json:"row"`
}

// job is the state of Run.
type job struct {
	Config
	dir     *outdir.Dir
	journal *journal.Journal
	client  *worker.Client
	records map[string]record // by exact path: all that the folder holds
	summary Summary
}

// Run does the images and writes the reports, also when it is stopped. It wraps
// outdir.ErrLocked, journal.ErrOtherRun, ErrResults, worker.ErrFatal or worker.ErrGivenUp,
// or is the context's cause. Failed images are no error.
func Run(ctx context.Context, c Config) (_ Summary, err error) {
	j := &job{Config: c, records: map[string]record{}, summary: Summary{Total: len(c.Images)}}
	// As the journal gives them back.
	if j.Spec.Settings, err = json.Marshal(c.Spec.Settings); err != nil {
		return j.summary, fmt.Errorf("settings: %w", err)
	}
	j.dir, err = outdir.Open(c.Out)
	if err != nil {
		return j.summary, err
	}
	defer func() { err = errors.Join(err, j.dir.Close()) }()
	if c.Fresh {
		if err := j.clear(); err != nil {
			return j.summary, fmt.Errorf("removing old results: %w", err)
		}
	}
	if err := j.openJournal(); err != nil {
		return j.summary, err
	}
	defer func() { err = errors.Join(err, j.journal.Close()) }()
	if err := j.recall(); err != nil {
		return j.summary, err
	}
	j.client = worker.NewClient(worker.Config{Spec: j.Spec, Start: c.Start, Silence: c.Silence, Note: c.Note})
	stopped := j.images(ctx)
	j.summary.Rows = j.rows()
	if stopped == nil && c.Spec.Profile {
		j.summary.Profile, stopped = j.client.Profile(ctx)
	}
	return j.summary, errors.Join(stopped, j.client.Close(), j.reports())
}

// run identifies what decides the bytes of the pictures and the rows.
func run(s worker.Spec) (string, error) {
	s.Model, s.Device, s.Profile = "", "", false
	s.Save = slices.Sorted(slices.Values(s.Save))
	s.Plugin = s.Plugin.Anonymous()
	s.Variants = slices.Clone(s.Variants)
	for i := range s.Variants {
		s.Variants[i].Plugin = s.Variants[i].Plugin.Anonymous()
	}
	data, err := json.Marshal(s)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16]), err
}

// clear removes the results that the journal lists, and the journal.
func (j *job) clear() error {
	entries, err := journal.Read(j.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		var r record
		if json.Unmarshal(e.Result, &r) != nil {
			continue
		}
		for _, name := range r.Row.Files {
			errs = append(errs, j.dir.Root().RemoveAll(name))
		}
		for _, k := range worker.Kinds() {
			if r.Stem != "" {
				errs = append(errs, j.dir.Root().RemoveAll(k.Folder+"/"+r.Stem+k.Ending))
			}
		}
	}
	return errors.Join(append(errs, j.dir.Root().RemoveAll(journal.Name))...)
}

func (j *job) openJournal() error {
	id, err := run(j.Spec)
	if err != nil {
		return err
	}
	j.journal, err = journal.Open(j.dir, id)
	return err
}

// recall takes over what the journal has.
func (j *job) recall() error {
	if n := j.journal.Damaged(); n > 0 {
		j.Note(fmt.Sprintf("the journal of %s had %d damaged lines; their images are done again", j.dir.Name(), n), true)
	}
	entries := j.journal.Entries()
	if len(entries) > 0 && !j.Resume {
		return ErrResults
	}
	for _, e := range entries {
		var r record
		if err := json.Unmarshal(e.Result, &r); err != nil {
			return fmt.Errorf("journal: entry of %q: %w", e.Path, err)
		}
		j.records[e.Path] = r
	}
	return nil
}

// images does what is not done. The error is why it stopped early.
func (j *job) images(ctx context.Context) error {
	stems := j.stems()
	var todo []int
	for i, image := range j.Images {
		if !j.kept(image) {
			todo = append(todo, i)
			continue
		}
		j.summary.Kept++
		j.count(j.records[image.Path].Row)
	}
	for at, i := range todo {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		image := j.Images[i]
		row, err := j.image(ctx, image, j.after(todo[at+1:]), stems[i])
		if err != nil {
			return err
		}
		if row.Error == "" {
			j.summary.Done++
			j.summary.Adapter = row.Adapter
		} else {
			j.summary.Failed++
			j.Note(fmt.Sprintf("%s: %s", row.Path, row.Error), true)
		}
		j.count(row)
		j.Progress(j.summary)
	}
	return nil
}

// after is the first of some images that the worker will be asked for, or nil.
func (j *job) after(todo []int) *walk.Image {
	for _, i := range todo {
		if j.Images[i].Err == nil {
			return &j.Images[i]
		}
	}
	return nil
}

func (j *job) count(row result.Row) {
	if row.Anomalous != nil && *row.Anomalous {
		j.summary.Anomalous++
	}
}

// kept says whether the folder holds the result of this very file.
func (j *job) kept(image walk.Image) bool {
	e, ok := j.journal.Entry(image.Path)
	if !ok || image.Err != nil || e.Size != image.Size || e.Modified != image.Modified {
		return false
	}
	r := j.records[image.Path]
	if r.Row.Error != "" {
		return false
	}
	return !slices.ContainsFunc(j.Spec.Makes(), func(k worker.Kind) bool {
		return !j.dir.Exists(k.Folder + "/" + r.Stem + k.Ending)
	})
}

// stems gives every image its name below the folders of the output. It depends
// on the set of images, not on what is done already, but leaves alone what
// other images have.
func (j *job) stems() []string {
	sources := make([]outdir.Source, len(j.Images))
	ours := map[string]bool{}
	for i, image := range j.Images {
		sources[i] = outdir.Source{Path: image.Path, Rel: image.Rel}
		ours[image.Path] = true
	}
	var taken []string
	for path, r := range j.records {
		if !ours[path] && r.Stem != "" {
			taken = append(taken, r.Stem)
		}
	}
	stems := outdir.Stems(sources, worker.LongestEnding(), taken)
	moved := false
	for i, image := range j.Images {
		if r, ok := j.records[image.Path]; ok && r.Stem != "" && r.Stem != stems[i] && j.kept(image) {
			taken, moved = append(taken, r.Stem), true
		}
	}
	if moved {
		stems = outdir.Stems(sources, worker.LongestEnding(), taken)
	}
	return stems
}

// image does one image: files, then the journal. The error is one that stops
// the run; what concerns the image alone is in its row. next is the one that follows.
func (j *job) image(ctx context.Context, image walk.Image, next *walk.Image, stem string) (result.Row, error) {
	files, row, err := j.detect(ctx, image, next, stem)
	if err == nil {
		err = commit(files)
	}
	if stops(ctx, err) {
		return row, err
	}
	r := record{Stem: stem, Row: row}
	if err == nil {
		r.Link = j.link(image)
		err = j.remember(image, r)
	}
	if err != nil {
		row = result.Row{Error: message(err)}
		row.Path, row.PathBase64 = result.Name(image.Path)
		r = record{Row: row}
		// A disk too full for the line of an image that failed for that reason
		// changes nothing: without a line it is tried again as well.
		_ = j.remember(image, r)
	}
	j.records[image.Path] = r
	return row, nil
}

// commit gives files their names, up to the first error.
func commit(files []*outdir.File) (err error) {
	for _, f := range files {
		if err == nil {
			err = f.Commit()
		} else {
			err = errors.Join(err, f.Discard())
		}
	}
	return err
}

// stops says whether an error of detect ends the run.
func stops(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, worker.ErrFatal) || errors.Is(err, worker.ErrGivenUp))
}

// detect has the worker do an image. The files it returns are written, but have
// no name yet; with an error there are none.
func (j *job) detect(ctx context.Context, image walk.Image, next *walk.Image, stem string) (files []*outdir.File, row result.Row, err error) {
	if image.Err != nil {
		return nil, row, image.Err
	}
	row.Files = map[string]string{}
	void := func() error {
		var errs []error
		for _, f := range files {
			errs = append(errs, f.Discard())
		}
		files = nil
		clear(row.Files)
		return errors.Join(errs...)
	}
	reply, err := j.client.Detect(ctx, image, next, void, func(k worker.Kind, r io.Reader) error {
		name := k.Folder + "/" + stem + k.Ending
		f, err := j.dir.Create(name)
		if err != nil {
			return err
		}
		files = append(files, f)
		if !k.Preview {
			row.Files[k.Name] = name
		}
		_, err = io.Copy(f, r)
		return err
	})
	if err != nil {
		return nil, row, errors.Join(err, void())
	}
	row.Path, row.PathBase64 = result.Name(image.Path)
	row.SHA256, row.Width, row.Height, row.Seconds = reply.SHA256, reply.Width, reply.Height, reply.Seconds
	row.Score, row.Threshold, row.Class = reply.Score, j.Spec.Threshold, reply.Class
	row.Model, row.Adapter, row.Rule, row.Settings = j.Spec.Digest, reply.Adapter, cmp.Or(reply.Rule, j.Spec.Rule), j.Spec.Settings
	row.Numbers = reply.Numbers
	for i, v := range j.Spec.Variants {
		if row.Scores == nil {
			row.Scores = map[string]float64{}
		}
		row.Scores[v.Name] = reply.Scores[i]
	}
	if t := j.Spec.Threshold; t != nil {
		anomalous := reply.Score >= *t
		row.Anomalous = &anomalous
	}
	return files, row, nil
}

// remember writes the journal line, unless it would repeat the one before.
func (j *job) remember(image walk.Image, r record) error {
	result, err := json.Marshal(r)
	if err != nil {
		return err
	}
	e := journal.Entry{Path: image.Path, Size: image.Size, Modified: image.Modified, Result: result}
	if old, ok := j.journal.Entry(image.Path); ok && old.Size == e.Size && old.Modified == e.Modified && bytes.Equal(old.Result, e.Result) {
		return nil
	}
	return j.journal.Append(e)
}

// rows are those that the folder has of this run's images.
func (j *job) rows() map[string]result.Row {
	rows := map[string]result.Row{}
	for _, image := range j.Images {
		if r, ok := j.records[image.Path]; ok {
			rows[image.Path] = r.Row
		}
	}
	return rows
}

// message is an error on one line.
func message(err error) string {
	return strings.ReplaceAll(cmp.Or(err.Error(), "failed"), "\n", "; ")
}

// link is the URL of an image, relative to the output folder, or "" where there
// is none, as between drives of Windows.
func (j *job) link(image walk.Image) string {
	out, err := filepath.Abs(j.Out)
	if err != nil {
		return ""
	}
	file, err := filepath.Abs(filepath.Join(image.Root, filepath.FromSlash(image.Rel)))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(out, file)
	if err != nil {
		return ""
	}
	return report.URL(filepath.ToSlash(rel))
}

// missing counts the images of this run that the folder has nothing about.
func (j *job) missing() (n int) {
	for _, image := range j.Images {
		if _, ok := j.records[image.Path]; !ok {
			n++
		}
	}
	return n
}

// reports writes the three reports about all that the folder holds.
func (j *job) reports() error {
	var rows []result.Row
	var pictures []report.Pictures
	for _, path := range slices.Sorted(maps.Keys(j.records)) {
		r := j.records[path]
		rows = append(rows, r.Row)
		p := report.Pictures{Original: r.Link}
		if r.Row.Error == "" {
			for _, k := range worker.Kinds() {
				switch name := k.Folder + "/" + r.Stem + k.Ending; k.Name {
				case "image":
					p.Image = name
				case "preview":
					p.Overlay = name
				}
			}
		}
		pictures = append(pictures, p)
	}
	run := report.Run{Title: j.Title, Model: filepath.Base(j.Spec.Model), Digest: j.Spec.Digest, Rule: j.Spec.Rule,
		Settings: j.Spec.Settings, Threshold: j.Spec.Threshold, Missing: j.missing()}
	return errors.Join(
		j.dir.Put("results.jsonl", func(w io.Writer) error { return result.JSONL(w, rows) }),
		j.dir.Put("results.csv", func(w io.Writer) error { return report.CSV(w, rows) }),
		j.dir.Put("index.html", func(w io.Writer) error {
			return report.Page(w, run, rows, pictures, j.dir.Root().ReadFile)
		}),
	)
}
