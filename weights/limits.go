package weights

// The bounds every file is held to, on writing as on reading. Only MaxRaw can be raised, by the option WithMaxRaw.
const (
	// MaxHeader is the longest header, in bytes of JSON.
	MaxHeader = 4 << 20
	// MaxTensors is the largest number of tensors.
	MaxTensors = 16384
	// MaxRank is the largest number of dimensions of a tensor.
	MaxRank = 8
	// MaxName is the longest tensor name, in bytes.
	MaxName = 255
	// MaxOrigin is the longest original name, in bytes.
	MaxOrigin = 512
	// MaxChunk is the longest chunk before compression, in bytes. Every chunk of a tensor but the last has this length.
	MaxChunk = 4 << 20
	// MaxRaw is the default bound of what a whole file decodes to, in bytes: four for each value plus the scales.
	MaxRaw = 4 << 30
	// MaxRatio is the largest raw length of a chunk divided by its stored length.
	MaxRatio = 1100
	// MaxWindow is the largest zstd window, in bytes.
	MaxWindow = 8 << 20

	maxDepth    = 32
	maxValues   = 1 << 19
	maxPartName = 32
)

type options struct {
	maxRaw int64
	// trust skips the digests. Only fuzz targets set it: digests would stop a fuzzer at the door.
	trust bool
}

// Option changes a bound of Open, NewReader, Stream, Write or WriteTo.
type Option func(*options)

// WithMaxRaw replaces MaxRaw by n bytes.
func WithMaxRaw(n int64) Option { return func(o *options) { o.maxRaw = n } }

func gather(opts []Option) options {
	o := options{maxRaw: MaxRaw}
	for _, f := range opts {
		f(&o)
	}
	return o
}
