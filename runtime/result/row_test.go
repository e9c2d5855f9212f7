package result

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func row(path string, score float64) Row {
	threshold, anomalous := 0.5, score >= 0.5
	return Row{Path: path, SHA256: "ab", Width: 3, Height: 2, Score: score, Threshold: &threshold, Anomalous: &anomalous, Seconds: 0.25,
		Model: "d0", Adapter: "gpu", Rule: "paper", Settings: json.RawMessage(`{"alpha":0.9}`), Files: map[string]string{"raw": "raw/a.npy"}}
}

func TestJSONL(t *testing.T) {
	bare := row("c<d>.png", 0.1)
	bare.Threshold, bare.Anomalous, bare.Class = nil, nil, "cookie"
	text, exact := Name("a\xff\n.png")
	odd := row(text, 1)
	odd.PathBase64 = exact
	var b bytes.Buffer
	if err := JSONL(&b, []Row{row("a.png", 0.75), bare, odd, {Path: "e.png", Error: "corrupt"}}); err != nil {
		t.Fatal(err)
	}
	want := `{"path":"a.png","sha256":"ab","width":3,"height":2,"score":0.75,"threshold":0.5,"anomalous":true,"seconds":0.25,"model":"d0","adapter":"gpu","rule":"paper","settings":{"alpha":0.9},"files":{"raw":"raw/a.npy"}}
{"path":"c<d>.png","sha256":"ab","width":3,"height":2,"score":0.1,"threshold":null,"anomalous":null,"class":"cookie","seconds":0.25,"model":"d0","adapter":"gpu","rule":"paper","settings":{"alpha":0.9},"files":{"raw":"raw/a.npy"}}
{"path":"a\\xff\n.png","path_base64":"Yf8KLnBuZw==","sha256":"ab","width":3,"height":2,"score":1,"threshold":0.5,"anomalous":true,"seconds":0.25,"model":"d0","adapter":"gpu","rule":"paper","settings":{"alpha":0.9},"files":{"raw":"raw/a.npy"}}
{"path":"e.png","error":"corrupt"}
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	var back Row
	if err := json.Unmarshal([]byte(strings.Split(want, "\n")[0]), &back); err != nil || back.Score != 0.75 || back.Files["raw"] != "raw/a.npy" {
		t.Errorf("%+v, %v", back, err)
	}
}
