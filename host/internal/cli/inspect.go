package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// inspectReport is what `drdc inspect --json` writes.
type inspectReport struct {
	Digest        string                 `json:"digest"`
	FormatVersion int                    `json:"format_version"`
	Config        json.RawMessage        `json:"config"`
	Provenance    map[string]string      `json:"provenance"`
	Parts         map[string]inspectPart `json:"parts"`
	Tensors       []inspectTensor        `json:"tensors"`
	Verified      bool                   `json:"verified"`
}

type inspectPart struct {
	Arch        string `json:"arch"`
	Flavour     string `json:"flavour,omitempty"`
	Params      int    `json:"params"`
	Tensors     int    `json:"tensors"`
	StoredBytes int64  `json:"stored_bytes"`
}

type inspectTensor struct {
	Name        string        `json:"name"`
	Origin      string        `json:"origin,omitempty"`
	DType       weights.DType `json:"dtype"`
	Shape       []int         `json:"shape"`
	Bytes       int64         `json:"bytes"`
	StoredBytes int64         `json:"stored_bytes"`
}

func inspect() command {
	return command{
		name:    "inspect",
		summary: "shows what a model file holds",
		args:    "MODEL",
		long: "Configuration, parts, sizes, digest and provenance; --verbose adds every tensor.\n" +
			"--verify also checks the digest of every chunk and that every value is finite.",
		examples: []string{"drdc inspect model.drdc", "drdc inspect --verify model.drdc", "drdc inspect model.drdc --json | jq .config"},
		minArgs:  1, maxArgs: 1,
		setup: func(flags *pflag.FlagSet) runFunc {
			verify := flags.Bool("verify", false, "check every digest, and every value for NaN and infinity")
			return func(ctx context.Context, env *environment, args []string) (err error) {
				f, err := weights.Open(args[0])
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, f.Close()) }()
				if *verify {
					if err := f.Verify(ctx, true, nil); err != nil {
						return fmt.Errorf("%s: %w", args[0], err)
					}
				}
				r := inspectFile(f)
				r.Verified = *verify
				if env.json {
					return env.printJSON(r)
				}
				return writeInspect(env, r)
			}
		},
	}
}

func inspectFile(f *weights.File) inspectReport {
	h := f.Header()
	r := inspectReport{
		Digest: f.Digest(), FormatVersion: weights.Version, Config: f.Config(),
		Provenance: h.Provenance, Parts: map[string]inspectPart{}, Tensors: []inspectTensor{},
	}
	for name, p := range h.Parts {
		r.Parts[name] = inspectPart{Arch: p.Arch, Flavour: p.Flavour, Params: h.Params(name)}
	}
	for i := range h.Tensors {
		t := &h.Tensors[i]
		p := r.Parts[t.Part()]
		p.Tensors++
		p.StoredBytes += t.Stored()
		r.Parts[t.Part()] = p
		r.Tensors = append(r.Tensors, inspectTensor{t.Name, t.Origin, t.DType, t.Shape, t.Raw, t.Stored()})
	}
	return r
}

func writeInspect(env *environment, r inspectReport) error {
	env.printf("%s %s\n", env.paint(bold, "digest"), r.Digest)
	env.printf("%s %d", env.paint(bold, "format"), r.FormatVersion)
	if r.Verified {
		env.printf(", every digest and value verified")
	}
	env.printf("\n\n")
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "part\tarchitecture\tfrom\tparameters\ttensors\tstored")
	for _, name := range slices.Sorted(maps.Keys(r.Parts)) {
		p := r.Parts[name]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", name, p.Arch, p.Flavour, thousands(p.Params), p.Tensors, bytesText(uint64(p.StoredBytes)))
	}
	if env.verbose {
		fmt.Fprintln(w, "\ntensor\ttype\tshape\tbytes\tstored")
		for _, t := range r.Tensors {
			fmt.Fprintf(w, "%s\t%s\t%v\t%d\t%d\n", t.Name, t.DType, t.Shape, t.Bytes, t.StoredBytes)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(r.Provenance)) {
		env.printf("\n%s: %s", env.paint(bold, k), r.Provenance[k])
	}
	var config strings.Builder
	enc := json.NewEncoder(&config)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r.Config); err != nil {
		return err
	}
	env.printf("\n%s %s", env.paint(bold, "configuration"), config.String())
	return nil
}

// thousands writes a count with a comma every three digits.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
