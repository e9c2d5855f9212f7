package admit_test

import (
	"errors"
	"testing"

	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/admit/craft"
)

// FuzzAdmit gives bytes to the scanner: it refuses in words of its own, or what it admits is within the limits.
func FuzzAdmit(f *testing.F) {
	f.Add(craft.Minimal().Bytes())
	for _, name := range []string{"maximum-wat", "border-mask-as", "mean-c", "paper-rust"} {
		f.Add(read(f, name))
	}
	for _, r := range refused {
		if len(r.module) < 8<<10 {
			f.Add(r.module)
		}
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		a, err := admit.Scan(module)
		if r := new(admit.Refusal); err != nil {
			if !errors.As(err, &r) || r.Offset < 0 || r.Offset > len(module) {
				t.Fatalf("%v: want a refusal at a byte of the %d", err, len(module))
			}
			return
		}
		if a.MostLocals > 1000 || a.Nesting > 1024 || a.MemoryPages > admit.MemoryPages || a.Table > 1<<16 || a.Functions > 10_000 || a.LargestBody > 128<<10 {
			t.Fatalf("admitted: %+v", a)
		}
	})
}
