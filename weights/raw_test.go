package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// assemble makes a file of a header text and chunk bytes with a right header digest, whatever the header says.
func assemble(header string, body []byte) []byte {
	b := append([]byte(magic), 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[8:], Version)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(header)))
	b = append(b, header...)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	return append(b, body...)
}

// encodeRaw makes a file of one tensor base.x with the element bytes given, unchecked.
func encodeRaw(t testing.TB, d DType, shape []int, raw []byte) []byte {
	t.Helper()
	e, err := newEncoders()
	if err != nil {
		t.Fatal(err)
	}
	h := Header{Meta: Meta{Config: []byte("{}"), Parts: map[string]Part{"base": {}}, Provenance: map[string]string{}}}
	chunks, stored := e.chunks(raw, d, 0)
	h.Tensors = []Tensor{{Name: "base.x", DType: d, Shape: shape, Raw: int64(len(raw)), Chunks: chunks}}
	text, err := h.encode()
	if err != nil {
		t.Fatal(err)
	}
	var body []byte
	for _, s := range stored {
		body = append(body, s...)
	}
	return assemble(string(text), body)
}
