package dataset_test

import (
	"context"
	"fmt"
	"os"

	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/dataset/synth"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "parts")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	o := synth.Options{Classes: 1, Train: 2, Test: 3, Size: 64}
	if _, err := synth.Write(context.Background(), dir, o, nil); err != nil {
		panic(err)
	}

	set, err := dataset.Open(dir)
	if err != nil {
		panic(err)
	}
	fmt.Println(set.Classes[0])
	test, err := set.Test()
	if err != nil {
		panic(err)
	}
	for _, s := range test {
		img, err := s.Load(imgio.DefaultLimits())
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s %d x %d px, anomalous %v %q\n", s.Class, img.W, img.H, s.Anomalous, s.Defect)
	}
	// Output:
	// bolt (mvtec): 2 train, 1 good and 2 defective test images
	// bolt 64 x 64 px, anomalous false ""
	// bolt 64 x 64 px, anomalous true "bent"
	// bolt 64 x 64 px, anomalous true "cut"
}
