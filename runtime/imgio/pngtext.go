package imgio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"unicode/utf8"
)

// Text is a keyword and its value, stored in a PNG text chunk: tEXt when the value is ASCII, else iTXt (UTF-8).
type Text struct{ Key, Value string }

// maxText bounds the value of a text chunk, in bytes.
const maxText = 1 << 20

// addText inserts text chunks, in the order given, after the header of an encoded PNG.
func addText(file []byte, texts []Text) ([]byte, error) {
	const headerEnd = 8 + 12 + 13
	out := bytes.NewBuffer(bytes.Clone(file[:headerEnd]))
	for _, t := range texts {
		if err := t.check(); err != nil {
			return nil, err
		}
		kind, body := "tEXt", t.Key+"\x00"+t.Value
		if !ascii(t.Value) {
			kind, body = "iTXt", t.Key+"\x00\x00\x00\x00\x00"+t.Value
		}
		chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		chunk = append(append(chunk, kind...), body...)
		out.Write(binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:])))
	}
	out.Write(file[headerEnd:])
	return out.Bytes(), nil
}

func (t Text) check() error {
	switch {
	case len(t.Key) < 1 || len(t.Key) > 79:
		return fmt.Errorf("%w: text keyword of %d bytes, want 1 to 79", ErrSize, len(t.Key))
	case !ascii(t.Key) || strings.ContainsAny(t.Key, "\n\r\t") || strings.TrimSpace(t.Key) != t.Key:
		return fmt.Errorf("%w: text keyword %q, want printable ASCII without spaces around it", ErrFormat, t.Key)
	case len(t.Value) > maxText:
		return fmt.Errorf("%w: text %q of %d bytes, limit %d", ErrTooLarge, t.Key, len(t.Value), maxText)
	case !utf8.ValidString(t.Value) || strings.ContainsRune(t.Value, 0):
		return fmt.Errorf("%w: text %q is not UTF-8 without NUL", ErrFormat, t.Key)
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\n' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// ReadText returns the tEXt and the uncompressed iTXt chunks of a PNG file, in order, and leaves out damaged ones.
func ReadText(file []byte) []Text {
	if !prefixed("\x89PNG\r\n\x1a\n")(file) {
		return nil
	}
	var texts []Text
	for kind, body := range pngChunks(file) {
		key, value, ok := bytes.Cut(body, []byte{0})
		switch {
		case !ok || kind != "tEXt" && kind != "iTXt":
			continue
		case kind == "iTXt":
			if len(value) < 2 || value[0] != 0 {
				continue
			}
			parts := bytes.SplitN(value[2:], []byte{0}, 3) // language, translated keyword, text
			if len(parts) != 3 {
				continue
			}
			value = parts[2]
		}
		if t := (Text{string(key), string(value)}); t.check() == nil {
			texts = append(texts, t)
		}
	}
	return texts
}
