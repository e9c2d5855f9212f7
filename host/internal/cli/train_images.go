package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// loadImages reads the pictures of samples at size x size pixels. digest names them
// and their order.
func loadImages(ctx context.Context, env *environment, samples []dataset.Sample, size int) (images []*imgio.RGB, digest string, err error) {
	bar := newProgress(env, "images", len(samples))
	defer bar.close()
	sum := sha256.New()
	for i, s := range samples {
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		img, err := s.Load(imgio.DefaultLimits())
		if err != nil {
			return nil, "", err
		}
		if img, err = imgio.Resize(img, size, size); err != nil {
			return nil, "", err
		}
		sum.Write(img.Pix)
		images = append(images, img)
		bar.set(i + 1)
	}
	return images, hex.EncodeToString(sum.Sum(nil)), nil
}
