package strictjson

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	open := func(depth int, top string) bool { return depth > 1 && top == "config" }
	rules := Rules{MaxDepth: 4, MaxArray: 3, MaxKeys: 4, MaxValues: 12, Open: open}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"empty object", `{}`, nil},
		{"nested", `{"a":[1,2,{"b":"c"}], "d" : true}`, nil},
		{"free below config", `{"config":{"Any Key":null}}`, nil},
		{"quotes and commas in strings", `{"a":"},\"\\","b":"[null"}`, nil},
		{"not an object", `[]`, ErrSyntax},
		{"empty", ``, ErrSyntax},
		{"cut", `{"a":`, ErrSyntax},
		{"bad utf-8", "{\"a\":\"\xff\"}", ErrSyntax},
		{"duplicate", `{"a":1,"a":2}`, ErrDuplicate},
		{"duplicate by escape", `{"a":1,"\u0061":2}`, ErrDuplicate},
		{"duplicate below config", `{"config":{"x":1,"x":2}}`, ErrDuplicate},
		{"upper case", `{"A":1}`, ErrKey},
		{"kelvin sign folds to k", "{\"\u212aey\":1}", ErrKey},
		{"upper case config", `{"Config":{}}`, ErrKey},
		{"null", `{"a":null}`, ErrNull},
		{"deep", `{"a":[[[[]]]]}`, ErrLimit},
		{"long array", `{"a":[1,2,3,4]}`, ErrLimit},
		{"many keys", `{"a":1,"b":1,"c":1,"d":1,"e":1}`, ErrLimit},
		{"many values", `{"a":[1,2,3],"b":[1,2,3],"c":[1,2,3]}`, ErrLimit},
	} {
		if err := Check([]byte(c.text), rules); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if err := Check([]byte(strings.Repeat(`{"a":`, 100000)), rules); !errors.Is(err, ErrSyntax) {
		t.Errorf("deep and cut: got %v", err)
	}
}
