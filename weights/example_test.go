package weights_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/drdc-dev/drdc/weights"
)

func Example() {
	var file bytes.Buffer
	_, err := weights.WriteTo(&file, weights.Meta{
		Config: json.RawMessage(`{"image_size": 224}`),
		Parts:  map[string]weights.Part{"base": {Arch: "uniad"}},
	}, []weights.Named{{Name: "base.input_proj.bias", Shape: []int{3}, Data: []float32{1, 2, 3}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := weights.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	bias, err := f.Float32(context.Background(), "base.input_proj.bias")
	fmt.Println(string(f.Config()), bias, err)
	// Output: {"image_size":224} [1 2 3] <nil>
}

func ExampleStream() {
	var file bytes.Buffer
	_, err := weights.WriteTo(&file, weights.Meta{Parts: map[string]weights.Part{"base": {}}},
		[]weights.Named{{Name: "base.a", Shape: []int{2}, Data: []float32{1, 2}}, {Name: "base.b", Data: []float32{3}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = weights.Stream(context.Background(), &file, nil, nil, func(t weights.Tensor, data []float32) error {
		fmt.Println(t, data)
		return nil
	})
	fmt.Println(err)
	// Output:
	// base.a f32 [2] [1 2]
	// base.b f32 [] [3]
	// <nil>
}
