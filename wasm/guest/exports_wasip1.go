package guest

import "unsafe"

// The state of the image in work. A host gives every image an instance of its own.
var (
	rule   Rule
	pixels int
	// buffers keeps what the host writes to from the garbage collector.
	buffers [][]byte
)

//go:wasmimport drdc fail
func hostFail(text unsafe.Pointer, length uint32)

//go:wasmimport drdc number
func hostNumber(name unsafe.Pointer, length uint32, value float64)

//go:wasmimport drdc log
func hostLog(text unsafe.Pointer, length uint32)

// Fail ends the image with an error in those words.
func Fail(text string) { hostFail(unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))) }

// Number adds a named number to the result of the image: 1 to 64 characters of a-z 0-9 _ - . and a finite value.
func Number(name string, value float64) {
	hostNumber(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), value)
}

// Log writes a line for the author of the rule.
func Log(text string) { hostLog(unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))) }

//go:wasmexport drdc_abi
func exportABI() uint32 { return 1 }

//go:wasmexport drdc_alloc
func exportAlloc(n uint32) uint32 {
	b := make([]byte, uint64(n)+15)
	buffers = append(buffers, b)
	return (uint32(uintptr(unsafe.Pointer(&b[0]))) + 15) &^ 15
}

//go:wasmexport drdc_begin
func exportBegin(record unsafe.Pointer) {
	if begin == nil {
		Fail("no rule: call guest.Register in an init function")
	}
	image := decodeImage((*[imageWords]uint32)(record), func(at, length uint32) string {
		return string(unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), length))
	})
	pixels = image.Width * image.Height
	var err error
	if rule, err = begin(image); err != nil {
		Fail(err.Error())
	}
}

//go:wasmexport drdc_map
func exportMap(record unsafe.Pointer) {
	w := (*[mapWords]uint32)(record)
	rule.Map(decodeMap(w, words(unsafe.Pointer(uintptr(w[6])), pixels)))
}

//go:wasmexport drdc_finish
func exportFinish(heatmap unsafe.Pointer) float32 { return rule.Finish(words(heatmap, pixels)) }
