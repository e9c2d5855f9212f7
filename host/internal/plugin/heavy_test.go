package plugin_test

import (
	"bytes"

	"github.com/drdc-dev/drdc/wasm/admit/craft"
)

// heavy are modules at the limits, each the worst of its kind that was found.
func heavy() map[string][]byte {
	getSet := func(n int) []byte {
		var b []byte
		for i := range n {
			b = craft.Join(b, []byte{0x20}, craft.Uleb(uint64(i)), []byte{0x41, 1, 0x6a, 0x21}, craft.Uleb(uint64(i)))
		}
		return b
	}
	loops := func(nested, locals int) []byte {
		b := craft.Join(bytes.Repeat([]byte{0x03, 0x40}, nested), getSet(locals))
		for range nested {
			b = craft.Join(b, []byte{0x20, 0, 0x0d, 0, 0x0b})
		}
		return b
	}
	beside := func(n int) []byte {
		return bytes.Repeat(craft.Join([]byte{0x03, 0x40}, []byte{0x20, 0, 0x41, 1, 0x6a, 0x21, 0, 0x20, 0, 0x0d, 0, 0x0b}), n)
	}
	ifs := func(nested, locals int) []byte {
		var b []byte
		for i := range nested {
			b = craft.Join(b, []byte{0x20, 0, 0x04, 0x40, 0x41, 1, 0x21}, craft.Uleb(uint64(i%locals)))
		}
		for i := range nested {
			b = craft.Join(b, []byte{0x05, 0x41, 2, 0x21}, craft.Uleb(uint64(i%locals)), []byte{0x0b})
		}
		return b
	}
	live := func(n int) []byte {
		b := bytes.Repeat([]byte{0x20, 0, 0x41, 1, 0x6a}, n)
		return craft.Join(b, bytes.Repeat([]byte{0x6a}, n-1), []byte{0x1a})
	}
	table := func(n int) []byte {
		one := craft.Join([]byte{0x02, 0x40, 0x20, 0, 0x0e}, craft.Uleb(2000), make([]byte, 2001), []byte{0x0b})
		return bytes.Repeat(one, n)
	}
	loads := bytes.Repeat([]byte{0x41, 0, 0x41, 0, 0x28, 2, 0, 0x36, 2, 0}, 13_000)
	calls := bytes.Repeat([]byte{0x10, 5}, 65_000)
	vectors := bytes.Repeat(craft.Join([]byte{0xfd, 0x0c}, make([]byte, 16), []byte{0x1a}), 6_800)
	return map[string][]byte{
		"32 nested loops that carry 1,000 locals": craft.Extras(4, craft.Locals(1000, loops(32, 1000)...)),
		"1,000 nested loops that carry 32 locals": craft.Extras(4, craft.Locals(32, loops(1000, 32)...)),
		"180 nested loops that carry 180 locals":  craft.Extras(4, craft.Locals(180, loops(180, 180)...)),
		"2,000 loops side by side":                craft.Extras(4, craft.Locals(16, beside(2000)...)),
		"400 loops side by side":                  craft.Extras(27, craft.Locals(12, beside(400)...)),
		"64 nested ifs that set 1,000 locals":     craft.Extras(32, craft.Locals(1000, ifs(64, 1000)...)),
		"20,000 values at once":                   craft.Extras(16, craft.Locals(1, live(20_000)...)),
		"200 values at once":                      craft.Extras(1_600, craft.Locals(1, live(200)...)),
		"tables of 2,000 targets":                 craft.Extras(10, craft.Locals(1, table(6)...)),
		"128 KiB of loads and stores a function":  craft.Extras(15, craft.Code(loads...)),
		"65,000 calls a function":                 craft.Extras(15, craft.Code(calls...)),
		"128-bit constants":                       craft.Extras(15, craft.Code(vectors...)),
		"9,996 functions":                         craft.Extras(9_990, craft.Locals(19, getSet(19)...)),
	}
}
