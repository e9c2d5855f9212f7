package kernels

import (
	"fmt"
	"math"
	"reflect"
)

// EncodeUniform lays out a struct of uint32, int32 and float32 fields as a WGSL
// uniform: four bytes each, the whole padded to 16.
func EncodeUniform(u any) []byte {
	if u == nil {
		return nil
	}
	v := reflect.ValueOf(u)
	b := make([]byte, (4*v.NumField()+15)&^15)
	for i := range v.NumField() {
		var word uint32
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint32:
			word = uint32(f.Uint())
		case reflect.Int32:
			word = uint32(int32(f.Int()))
		case reflect.Float32:
			word = math.Float32bits(float32(f.Float()))
		default:
			panic(fmt.Sprintf("kernels: uniform %T: field %d is no 32-bit scalar", u, i))
		}
		put32(b[4*i:], word)
	}
	return b
}
