package weights_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/keymap"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

var damage = flag.Int("damage", 100, "bit flips TestRealDamage makes in a real model; 10000 at night")

// TestRealDamage flips random bits of a converted MobileNetV2, overwrites a tenth as many runs of 1 to 64 bytes and cuts it at a tenth as
// many places (seed 4). It runs when the published file lies beside the project.
func TestRealDamage(t *testing.T) {
	path := "../../shared/weights/mobilenet_v2_imagenet.safetensors"
	if _, err := os.Stat(path); err != nil {
		t.Logf("not run, %s is absent", path)
		return
	}
	arrays, _, err := safetensors.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	net, err := keymap.Backbone(arrays, keymap.Hint{})
	if err != nil {
		t.Fatal(err)
	}
	named := net.Named("backbone")
	weights.As(named, weights.F16)
	var buf bytes.Buffer
	if _, err := weights.WriteTo(&buf, weights.Meta{Parts: map[string]weights.Part{"backbone": net.Part()}}, named); err != nil {
		t.Fatal(err)
	}
	file := buf.Bytes()
	verify := func(b []byte) error {
		f, err := weights.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return err
		}
		return f.Verify(context.Background(), false, nil)
	}
	if err := verify(file); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 0))
	for i := range *damage {
		at, mask := r.IntN(len(file)), byte(1)<<r.IntN(8)
		file[at] ^= mask
		if err := verify(file); !errors.Is(err, weights.ErrFormat) {
			t.Fatalf("flip at %d: %v", at, err)
		}
		file[at] ^= mask
		if i%10 != 0 {
			continue
		}
		if at = r.IntN(len(file)); verify(file[:at]) == nil {
			t.Fatalf("cut to %d accepted", at)
		}
		at = r.IntN(len(file) - 64)
		old := bytes.Clone(file[at : at+1+r.IntN(64)])
		for j := range old {
			file[at+j] = byte(r.Uint32())
		}
		if !bytes.Equal(old, file[at:at+len(old)]) && verify(file) == nil {
			t.Fatalf("%d bytes at %d overwritten and accepted", len(old), at)
		}
		copy(file[at:], old)
	}
	t.Logf("figure: %d bit flips, %d cuts and as many overwritten runs in a real model: all refused", *damage, (*damage+9)/10)
}
