package imgio

import (
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkResize(b *testing.B) {
	for _, c := range []struct {
		name       string
		w, h, side int
	}{{"320x240_224", 320, 240, 224}, {"1024x1024_224", 1024, 1024, 224}, {"4000x3000_224", 4000, 3000, 224}} {
		b.Run(c.name, func(b *testing.B) {
			src := &RGB{W: c.w, H: c.h, Pix: noise(3 * c.w * c.h)}
			b.SetBytes(int64(len(src.Pix)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Resize(src, c.side, c.side); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"rgb.png", "q420.jpg", "q444.jpg", "lossy.webp"} {
		b.Run(name, func(b *testing.B) {
			data, err := os.ReadFile(filepath.Join(goldens, "decode", name))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(data, name, DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNormalize(b *testing.B) {
	src := &RGB{W: 224, H: 224, Pix: noise(3 * 224 * 224)}
	dst := make([]float32, 224*224*Lanes)
	n := ImageNet()
	for b.Loop() {
		if err := n.Apply(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}
