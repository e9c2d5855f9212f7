package admit

import (
	"slices"

	"github.com/drdc-dev/drdc/wasm/abi"
)

func same(a, b abi.Signature) bool {
	return slices.Equal(a.Params, b.Params) && slices.Equal(a.Results, b.Results)
}

// typeText is a function type in words: "(i32, i32) -> f32".
func typeText(s abi.Signature) string {
	list := func(types []abi.ValueType) string {
		text := ""
		for i, t := range types {
			if i > 0 {
				text += ", "
			}
			text += typeName(t)
		}
		return text
	}
	text := "(" + list(s.Params) + ")"
	if len(s.Results) > 0 {
		text += " -> " + list(s.Results)
	}
	return text
}

func typeName(t abi.ValueType) string {
	switch t {
	case abi.I32:
		return "i32"
	case abi.I64:
		return "i64"
	case abi.F32:
		return "f32"
	case abi.F64:
		return "f64"
	case typeV128:
		return "v128"
	case typeFuncref:
		return "funcref"
	default:
		return "externref"
	}
}
