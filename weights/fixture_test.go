package weights

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// gauss gives n normal values of deviation 0.05, as weights have, from a fixed seed.
func gauss(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64() * 0.05)
	}
	return v
}

var testMeta = Meta{
	Config:     json.RawMessage(`{"image_size": 224, "base": {"arch": "uniad"}}`),
	Parts:      map[string]Part{"base": {Arch: "uniad", Flavour: "uniad"}, "bank": {Arch: "bank"}},
	Provenance: map[string]string{"source": "fixture"},
}

func encodeFile(t testing.TB, meta Meta, tensors []Named) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := WriteTo(&b, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fixture16K is a file of exactly 16 KiB with every kind of chunk; the provenance is as long as it takes.
func fixture16K(t testing.TB) []byte {
	t.Helper()
	tensors := []Named{
		{Name: "base.bias", Shape: []int{64}, Data: gauss(1, 64)},
		{Name: "base.codes", DType: Int8, Shape: []int{16, 128}, Data: gauss(2, 16*128)},
		{Name: "base.half", Origin: "module.half", DType: F16, Shape: []int{56, 64}, Data: gauss(3, 56*64)},
		{Name: "base.zero", Shape: []int{8}, Data: make([]float32, 8)},
		{Name: "bank.nibbles", DType: Int4, Shape: []int{4, 512}, Data: gauss(4, 4*512)},
	}
	const want = 16384
	meta := testMeta
	meta.Provenance = map[string]string{"note": ""}
	short := want - len(encodeFile(t, meta, tensors))
	if short < 0 {
		t.Fatalf("the fixture is %d bytes too long", -short)
	}
	meta.Provenance = map[string]string{"note": strings.Repeat("x", short)}
	b := encodeFile(t, meta, tensors)
	if len(b) != want {
		t.Fatalf("the fixture has %d bytes", len(b))
	}
	return b
}

func openBytes(t testing.TB, b []byte, opts ...Option) *File {
	t.Helper()
	f, err := NewReader(bytes.NewReader(b), int64(len(b)), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
