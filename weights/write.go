package weights

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Named is a tensor to be stored. DType is one of F32, F16, BF16, Int8, Int4; empty means F32. Data has the elements in
// row-major order. Group is the number of elements of a row that share a scale (quantised types only; 0 takes the whole row
// for Int8 and about 320 elements for Int4). Origin is its name in the checkpoint it came from.
type Named struct {
	Name, Origin string
	DType        DType
	Shape        []int
	Data         []float32
	Group        int
}

// As sets the element type of the tensors that gain by it, those of rank 2 and more. The rest, biases, norms and
// statistics, are few and sensitive: they stay F32, but beside Int4, where they would weigh, those become F16 whose
// values all keep its full precision.
func As(tensors []Named, d DType) {
	for i := range tensors {
		t := &tensors[i]
		switch {
		case len(t.Shape) >= 2:
			t.DType = d
		case d == Int4 && normalHalf(t.Data):
			t.DType = F16
		default:
			t.DType = F32
		}
	}
}

// normalHalf reports whether every value is 0 or within the normal range of a half float.
func normalHalf(values []float32) bool {
	const smallest, largest = 1.0 / (1 << 14), 65504
	for _, v := range values {
		if a := math.Abs(float64(v)); a != 0 && !(a >= smallest && a <= largest) {
			return false
		}
	}
	return true
}

// Write stores a model file at path: to a temporary file in the same folder, synced, renamed over path, and the folder
// synced, so that a crash leaves the old file or the new one. It gives the new file's digest (File.Digest). Equal input gives
// equal bytes, whatever the order of the tensors. Errors wrap ErrNotFinite, ErrFormat with its kinds, or the file system's.
// The compressed chunks of the whole file are held in memory until it is written.
func Write(path string, meta Meta, tensors []Named, opts ...Option) (digest string, err error) {
	err = Replace(path, func(w io.Writer) error {
		digest, err = WriteTo(w, meta, tensors, opts...)
		return err
	})
	return digest, err
}

// WriteTo writes a model file to w and gives its digest.
func WriteTo(w io.Writer, meta Meta, tensors []Named, opts ...Option) (digest string, err error) {
	config, err := canonical(meta.Config)
	if err != nil {
		return "", err
	}
	meta.Config = config
	if meta.Provenance == nil {
		meta.Provenance = map[string]string{}
	}
	if meta.Parts == nil {
		meta.Parts = map[string]Part{}
	}
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b Named) int { return cmp.Compare(a.Name, b.Name) })
	h := &Header{Meta: meta, Tensors: make([]Tensor, 0, len(sorted))}
	e, err := newEncoders()
	if err != nil {
		return "", err
	}
	var body [][]byte
	offset := int64(0)
	for _, n := range sorted {
		t, stored, err := e.tensor(n, offset)
		if err != nil {
			return "", err
		}
		h.Tensors = append(h.Tensors, t)
		body = append(body, stored...)
		offset += t.Stored()
	}
	front, digest, err := h.front(gather(opts))
	if err != nil {
		return "", err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	for _, b := range append([][]byte{front}, body...) {
		if _, err := out.Write(b); err != nil {
			return "", fmt.Errorf("weights: write: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return "", fmt.Errorf("weights: write: %w", err)
	}
	return digest, nil
}

// front gives what stands before the chunks, the digest of the header included, and that digest in hexadecimal.
func (h *Header) front(o options) (front []byte, digest string, err error) {
	if _, err := h.validate(o); err != nil {
		return nil, "", err
	}
	text, err := h.encode()
	if err != nil {
		return nil, "", err
	}
	// What was written must be what a reader accepts.
	if _, err := decodeHeader(text); err != nil {
		return nil, "", err
	}
	if len(text) > MaxHeader {
		return nil, "", malformed(ErrLimit, "header of %d bytes, limit %d", len(text), MaxHeader)
	}
	front = make([]byte, 0, prefixSize+len(text)+digestSize)
	front = append(front, magic...)
	front = binary.LittleEndian.AppendUint32(front, Version)
	front = binary.LittleEndian.AppendUint32(front, 0)
	front = binary.LittleEndian.AppendUint64(front, uint64(len(text)))
	front = append(front, text...)
	sum := sha256.Sum256(front)
	return append(front, sum[:]...), hex.EncodeToString(sum[:]), nil
}

// encoders compress chunks in parallel, one zstd encoder per worker. On byte planes the fastest level with forced entropy coding is
// within 2% of the best level for f32, as small or smaller for the other types, and 20 to 100 times as fast: weights hold no
// matches worth the search, only uneven bytes.
type encoders []*zstd.Encoder

func newEncoders() (encoders, error) {
	e := make(encoders, runtime.GOMAXPROCS(0))
	for i := range e {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true))
		if err != nil {
			return nil, fmt.Errorf("weights: zstd: %w", err)
		}
		e[i] = z
	}
	return e, nil
}

// tensor encodes one tensor whose first chunk lies at offset.
func (e encoders) tensor(n Named, offset int64) (Tensor, [][]byte, error) {
	t := Tensor{Name: n.Name, Origin: n.Origin, DType: n.DType, Shape: slices.Clone(n.Shape)}
	if t.DType == "" {
		t.DType = F32
	}
	if t.Shape == nil {
		t.Shape = []int{}
	}
	if !t.DType.storable() {
		return t, nil, malformed(ErrDType, "tensor %q: element type %q", t.Name, clip(string(t.DType)))
	}
	count, err := elements(t.Name, t.Shape)
	if err != nil {
		return t, nil, err
	}
	if count != int64(len(n.Data)) {
		return t, nil, malformed(ErrShape, "tensor %q: %d values for shape %v", t.Name, len(n.Data), t.Shape)
	}
	if bad := countNotFinite(n.Data); bad > 0 {
		return t, nil, fmt.Errorf("weights: tensor %q: %d of %d %w", t.Name, bad, count, ErrNotFinite)
	}
	var raw []byte
	var scaleStored [][]byte
	if t.DType.quantised() {
		row := geometryOf(t.Shape, len(n.Data), 1).row
		group := n.Group
		if group == 0 {
			group = defaultGroup(t.DType, row)
		}
		if group < 0 || group > max(len(n.Data), 1) {
			return t, nil, malformed(ErrShape, "tensor %q: scale group of %d elements, tensor of %d", t.Name, group, count)
		}
		codes, scales := quantise(t.DType, n.Data, geometryOf(t.Shape, len(n.Data), group))
		raw = codes
		scaleRaw := encodeFloats(F32, scales)
		t.Scale = &Scale{Group: group, Raw: int64(len(scaleRaw))}
		t.Scale.Chunks, scaleStored = e.chunks(scaleRaw, F32, offset)
		offset += total(scaleStored)
	} else {
		if bad := countOverflow(t.DType, n.Data); bad > 0 {
			return t, nil, fmt.Errorf("weights: tensor %q: %d of %d values are beyond the range of %s: %w", t.Name, bad, count, t.DType, ErrNotFinite)
		}
		raw = encodeFloats(t.DType, n.Data)
	}
	t.Raw = int64(len(raw))
	var stored [][]byte
	t.Chunks, stored = e.chunks(raw, t.DType, offset)
	return t, append(scaleStored, stored...), nil
}

func total(pieces [][]byte) int64 {
	n := int64(0)
	for _, p := range pieces {
		n += int64(len(p))
	}
	return n
}

// chunks cuts raw, compresses the pieces in parallel and lays them out from offset on.
func (e encoders) chunks(raw []byte, d DType, offset int64) ([]Chunk, [][]byte) {
	chunks := make([]Chunk, (len(raw)+MaxChunk-1)/MaxChunk)
	stored := make([][]byte, len(chunks))
	next := make(chan int, len(chunks))
	for i := range chunks {
		next <- i
	}
	close(next)
	var wait sync.WaitGroup
	for w := range min(len(e), len(chunks)) {
		wait.Go(func() {
			planes := make([]byte, min(len(raw), MaxChunk))
			for i := range next {
				piece := raw[i*MaxChunk : min((i+1)*MaxChunk, len(raw))]
				chunks[i].Raw = int64(len(piece))
				if zero(piece) {
					chunks[i].Zero = true
					continue
				}
				splitPlanes(planes[:len(piece)], piece, d.planeSize())
				stored[i] = pad(e[w].EncodeAll(planes[:len(piece)], nil), len(piece))
				sum := sha256.Sum256(stored[i])
				chunks[i].Stored, chunks[i].SHA256 = int64(len(stored[i])), hex.EncodeToString(sum[:])
			}
		})
	}
	wait.Wait()
	for i := range chunks {
		chunks[i].Offset = offset
		offset += chunks[i].Stored
	}
	return chunks, stored
}

// pad appends a skippable zstd frame to a frame that is shorter than MaxRatio allows, as that of a constant is.
func pad(frame []byte, raw int) []byte {
	lack := (raw+MaxRatio-1)/MaxRatio - len(frame)
	if lack <= 0 {
		return frame
	}
	fill := max(lack-8, 0)
	frame = binary.LittleEndian.AppendUint32(frame, 0x184d2a50)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(fill))
	return append(frame, make([]byte, fill)...)
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

func encodeFloats(d DType, v []float32) []byte {
	out := make([]byte, 0, d.bytes(int64(len(v))))
	for _, x := range v {
		switch d {
		case F32:
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		case F16:
			out = binary.LittleEndian.AppendUint16(out, floatToHalf(x))
		case BF16:
			out = binary.LittleEndian.AppendUint16(out, floatToBfloat(x))
		}
	}
	return out
}

// countOverflow is the number of finite values that the narrower type rounds to infinity.
func countOverflow(d DType, v []float32) int {
	n := 0
	for _, x := range v {
		if d == F16 && floatToHalf(x)&0x7c00 == 0x7c00 || d == BF16 && floatToBfloat(x)&0x7f80 == 0x7f80 {
			n++
		}
	}
	return n
}
