package learn

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
)

// Record is one step in the file of losses.
type Record struct {
	Step    int     // from 1
	Epoch   float64 // passes over the images so far, this step included
	Loss    float64 // mean over the samples of the step
	Norm    float64 // of the gradients, before clipping
	LR      float64
	Seconds float64 // since the first step, pauses between sittings left out
}

var header = []string{"step", "epoch", "loss", "norm", "lr", "seconds"}

func (r Record) fields() []string {
	f := func(v float64, digits int) string { return strconv.FormatFloat(v, 'g', digits, 64) }
	return []string{strconv.Itoa(r.Step), f(r.Epoch, 6), f(r.Loss, -1), f(r.Norm, -1), f(r.LR, 6), f(r.Seconds, 9)}
}

func parseRecord(fields []string) (Record, error) {
	var r Record
	step, err := strconv.Atoi(fields[0])
	if err != nil {
		return r, err
	}
	r.Step = step
	for i, to := range []*float64{&r.Epoch, &r.Loss, &r.Norm, &r.LR, &r.Seconds} {
		if *to, err = strconv.ParseFloat(fields[i+1], 64); err != nil {
			return r, err
		}
		if math.IsNaN(*to) || math.IsInf(*to, 0) {
			return r, fmt.Errorf("%s is %g", header[i+1], *to)
		}
	}
	return r, nil
}

// losses is the file of records, open for the next. What a full disk refuses waits
// for the next attempt.
type losses struct {
	file   *os.File
	all    []Record
	size   int64        // bytes in the file that count
	behind bytes.Buffer // lines that are not in the file yet
}

// openLosses keeps the records of the first steps that the file has and cuts off
// what is behind them: later steps, and a line that a crash left half written. steps
// 0 begins a new file.
func openLosses(path string, steps int) (*losses, error) {
	fail := func(err error) (*losses, error) { return nil, fmt.Errorf("learn: losses: %w", err) }
	l := &losses{}
	w := csv.NewWriter(&l.behind)
	if err := w.Write(header); err != nil {
		return fail(err)
	}
	if steps > 0 {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fail(err)
		}
		if l.all, err = readRecords(data, steps); err != nil {
			return fail(fmt.Errorf("%s: %w", path, err))
		}
	}
	for _, r := range l.all {
		if err := w.Write(r.fields()); err != nil {
			return fail(err)
		}
	}
	w.Flush()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fail(err)
	}
	l.file = file
	// The kept lines stand at the front already: writing them again changes no byte.
	if err = l.flush(); err == nil {
		err = file.Truncate(l.size)
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return fail(errors.Join(err, file.Close()))
	}
	return l, nil
}

// readRecords reads complete lines up to a step.
func readRecords(data []byte, steps int) ([]Record, error) {
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = len(header)
	var all []Record
	for line := 1; ; line++ {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if line == 1 {
			continue
		}
		rec, err := parseRecord(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if rec.Step > steps {
			return all, nil
		}
		all = append(all, rec)
	}
}

// add writes a record behind the others.
func (l *losses) add(r Record) error {
	l.all = append(l.all, r)
	w := csv.NewWriter(&l.behind)
	if err := w.Write(r.fields()); err != nil {
		return err
	}
	w.Flush()
	return l.flush()
}

// flush writes the lines that are behind.
func (l *losses) flush() error {
	if _, err := l.file.WriteAt(l.behind.Bytes(), l.size); err != nil {
		return fmt.Errorf("learn: losses: %w", err)
	}
	l.size += int64(l.behind.Len())
	l.behind.Reset()
	return nil
}

// sync puts all records on the disk.
func (l *losses) sync() error {
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("learn: losses: %w", err)
	}
	return nil
}

// mean is that of the last n losses, or of all.
func (l *losses) mean(n int) float64 {
	last := l.all[max(0, len(l.all)-n):]
	sum := 0.0
	for _, r := range last {
		sum += r.Loss
	}
	return sum / float64(max(1, len(last)))
}
