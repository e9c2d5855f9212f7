package imgio

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealImages decodes real photos and masks, when the data folder stands beside the project, and takes them through
// resize and normalisation.
func TestRealImages(t *testing.T) {
	const data = "../../../shared/data"
	if _, err := os.Stat(data); err != nil {
		t.Logf("no real data: %v; nothing was checked", err)
		return
	}
	images := 0
	input := make([]float32, 224*224*Lanes)
	norm := ImageNet()
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		ext := strings.ToLower(filepath.Ext(path))
		if err != nil || d.IsDir() || ext != ".png" && ext != ".jpg" || images >= 200 && testing.Short() {
			return err
		}
		file, err := ReadFile(path, DefaultLimits())
		if err != nil {
			return err
		}
		img, err := Decode(file, path, DefaultLimits())
		if err != nil {
			return err
		}
		images++
		if strings.HasSuffix(path, "_mask.png") {
			_, err = GroundTruth(img, 224, 224)
			return err
		}
		small, err := Resize(img, 224, 224)
		if err != nil {
			return err
		}
		return norm.Apply(input, small)
	})
	if err != nil || images == 0 {
		t.Fatalf("%d images, %v", images, err)
	}
	t.Logf("%d images", images)
}
