package torch

// Pickle values in Go: nil, bool, int64, float64, string, pickledBytes, tuple, and pointers to the types below. An integer beyond int64
// is bigint.
type (
	pickledBytes string
	bigint       string // little-endian two's complement
	tuple        []any
	mark         struct{}
)

type list struct{ items []any }

// dict keeps its entries in order; only string and int64 keys are found again.
type dict struct {
	keys, values []any
	index        map[any]int
}

func (d *dict) set(k, v any) {
	switch k.(type) {
	case string, int64:
		if i, ok := d.index[k]; ok {
			d.values[i] = v
			return
		}
		if d.index == nil {
			d.index = make(map[any]int)
		}
		d.index[k] = len(d.keys)
	}
	d.keys = append(d.keys, k)
	d.values = append(d.values, v)
}

func (d *dict) get(k any) any {
	if i, ok := d.index[k]; ok {
		return d.values[i]
	}
	return nil
}

// global is a class or function named by the pickle. It is a name only.
type global struct{ module, name string }

func (g *global) String() string { return g.module + "." + g.name }

// opaque is an instance of a class this package does not know. What the pickle stores into it is kept, nothing is called.
type opaque struct {
	class string
	items dict
}

// storage is a run of elements that tensors look into.
type storage struct {
	key   string
	elem  elem
	count int64 // elements
}

// tensor is a view of a storage. Sizes and strides are checked by newTensor.
type tensor struct {
	storage *storage
	offset  int64 // elements
	shape   []int
	stride  []int64
}
