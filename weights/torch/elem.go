package torch

import "github.com/drdc-dev/drdc/weights"

// elem is the element type of a storage; the zero value is a type this package can not give.
type elem struct {
	dtype weights.DType
	size  int64
}

// elemOf gives the element type of the storage class called name in the module torch or torch.cuda.
func elemOf(g *global) (elem, bool) {
	if g.module != "torch" && g.module != "torch.cuda" {
		return elem{}, false
	}
	var d weights.DType
	switch g.name {
	case "FloatStorage":
		d = weights.F32
	case "DoubleStorage":
		d = weights.F64
	case "HalfStorage":
		d = weights.F16
	case "BFloat16Storage":
		d = weights.BF16
	case "LongStorage":
		d = weights.I64
	case "IntStorage":
		d = weights.I32
	case "ShortStorage":
		d = weights.I16
	case "CharStorage":
		d = weights.I8
	case "ByteStorage":
		d = weights.U8
	case "BoolStorage":
		d = weights.Bool
	default:
		return elem{}, false
	}
	return elem{d, int64(d.Size())}, true
}
