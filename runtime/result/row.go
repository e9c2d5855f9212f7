package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Row is the result of one image: what was found, or an error.
type Row struct {
	// Path names the image. It is text; see Name.
	Path string `json:"path"`
	// PathBase64 holds the exact bytes of a path that is not UTF-8.
	PathBase64 []byte `json:"path_base64,omitempty"`

	SHA256 string  `json:"sha256"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Score  float64 `json:"score"`
	// Threshold and Anomalous are null for a model without a threshold.
	Threshold *float64 `json:"threshold"`
	Anomalous *bool    `json:"anomalous"`
	Class     string   `json:"class,omitempty"`
	// Seconds is the work on the image, without what it waited for others. It is the only
	// field that differs between equal runs on one device.
	Seconds  float64         `json:"seconds"`
	Model    string          `json:"model"`
	Adapter  string          `json:"adapter"`
	Rule     string          `json:"rule"`
	Settings json.RawMessage `json:"settings"`
	// Numbers are those that a plugin named.
	Numbers map[string]float64 `json:"numbers,omitempty"`
	// Scores are those of the other rules or settings that were compared, by name.
	Scores map[string]float64 `json:"scores,omitempty"`
	// Files are paths below the output folder, separated by slashes, by kind.
	Files map[string]string `json:"files"`

	Error string `json:"error,omitempty"`
}

// Name turns a path of any bytes into the two fields of a row: bytes that are
// not UTF-8 show as \xHH.
func Name(path string) (text string, exact []byte) {
	if utf8.ValidString(path) {
		return path, nil
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, path[i])
		} else {
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String(), []byte(path)
}

// MarshalJSON writes a row in one of its two shapes: a failed image has its
// path and the error only.
func (r Row) MarshalJSON() ([]byte, error) {
	if r.Error != "" {
		return marshal(struct {
			Path       string `json:"path"`
			PathBase64 []byte `json:"path_base64,omitempty"`
			Error      string `json:"error"`
		}{r.Path, r.PathBase64, r.Error})
	}
	type plain Row
	return marshal(plain(r))
}

// marshal leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// JSONL writes one line of JSON per row.
func JSONL(w io.Writer, rows []Row) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
