package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/drdc-dev/drdc/testdata/demo"
)

// plain is a site with an empty module for a program.
func plain(t *testing.T, models ...string) *Site {
	t.Helper()
	packed, err := pack([]byte("\x00asm\x01\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSite(Config{Models: models, Program: fstest.MapFS{
		"program.wasm.gz": {Data: packed}, "wasm_exec.js": {Data: []byte("// glue\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// modelFiles are copies of the demo's model in two folders.
func modelFiles(t *testing.T) []string {
	t.Helper()
	data, err := demo.Files.ReadFile("model.drdc")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, folder := range []string{"a", "b"} {
		name := filepath.Join(t.TempDir(), folder, "parts.drdc")
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

func TestHandler(t *testing.T) {
	models := modelFiles(t)
	handler := plain(t, models...).Handler([]string{"press-7.example"})
	get := func(method, target, host string, fields ...string) *http.Response {
		r := httptest.NewRequest(method, target, nil)
		r.Host = host
		for i := 0; i < len(fields); i += 2 {
			r.Header.Set(fields[i], fields[i+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Result()
	}
	for _, test := range []struct {
		method, target, host string
		code                 int
		kind                 string
	}{
		{"GET", "/", "127.0.0.1:8080", 200, "text/html; charset=utf-8"},
		{"HEAD", "/index.html", "localhost:8080", 200, "text/html; charset=utf-8"},
		{"GET", "/drdc.js", "[::1]:8080", 200, "text/javascript; charset=utf-8"},
		{"GET", "/drdc.d.ts", "press-7.example:80", 200, "text/plain; charset=utf-8"},
		{"GET", "/program.wasm", "PRESS-7.example", 200, "application/wasm"},
		{"GET", "/site.json", "10.0.0.7", 200, "application/json"},
		{"GET", "/app.webmanifest", "localhost", 200, "application/manifest+json"},
		{"GET", "/models/parts.drdc", "localhost", 200, "application/octet-stream"},
		{"GET", "/models/2-parts.drdc", "localhost", 200, "application/octet-stream"},
		{"GET", "/models/3-parts.drdc", "localhost", 404, ""},
		{"GET", "/models/", "localhost", 404, ""},
		{"GET", "/page.go", "localhost", 404, ""},
		{"GET", "/../site.json", "localhost", 404, ""},
		{"GET", "//etc/passwd", "localhost", 404, ""},
		{"POST", "/", "localhost", 405, ""},
		{"PUT", "/models/parts.drdc", "localhost", 405, ""},
		{"GET", "/", "evil.example", 403, ""},
		{"GET", "/", "127.0.0.1.evil.example:8080", 403, ""},
		{"GET", "/", "localhost.evil.example", 403, ""},
		{"GET", "/", "", 403, ""},
	} {
		r := get(test.method, test.target, test.host)
		if r.StatusCode != test.code || test.code == 200 && r.Header.Get("Content-Type") != test.kind {
			t.Errorf("%s %s at %q: %d %s, want %d %s", test.method, test.target, test.host, r.StatusCode, r.Header.Get("Content-Type"), test.code, test.kind)
		}
		for name, value := range headers {
			if r.Header.Get(name) != value {
				t.Errorf("%s %s at %q: %s is %q", test.method, test.target, test.host, name, r.Header.Get(name))
			}
		}
	}

	whole := body(t, get("GET", "/page.css", "localhost"))
	packed := get("GET", "/page.css", "localhost", "Accept-Encoding", "br, gzip;q=0.8")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, whole) || packed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("packed: %d bytes, %v, want %d", len(unpacked), err, len(whole))
	}
	if r := get("GET", "/page.css", "localhost", "Accept-Encoding", "gzip; q=0"); r.Header.Get("Content-Encoding") != "" {
		t.Error("packed for a browser that does not want it")
	}
	tag := packed.Header.Get("ETag")
	if r := get("GET", "/page.css", "localhost", "Accept-Encoding", "gzip", "If-None-Match", tag); r.StatusCode != http.StatusNotModified {
		t.Errorf("known file: %d, want 304", r.StatusCode)
	}
	if r := get("GET", "/page.css", "localhost", "If-None-Match", tag); r.StatusCode != 200 {
		t.Errorf("the packed form is known, the other is not: %d, want 200", r.StatusCode)
	}
	model, err := os.ReadFile(models[0])
	if err != nil {
		t.Fatal(err)
	}
	if part := body(t, get("GET", "/models/parts.drdc", "localhost", "Range", "bytes=100-199")); !bytes.Equal(part, model[100:200]) {
		t.Errorf("range: %d bytes, want those from 100 to 199", len(part))
	}
	var c Contents
	if err := json.Unmarshal(body(t, get("GET", "/site.json", "localhost")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Models) != 2 || c.Models[1].File != "models/2-parts.drdc" || c.Models[0].Bytes != int64(len(model)) || len(c.Models[0].Digest) != 64 || len(c.Examples) != 0 {
		t.Errorf("site.json: %+v", c)
	}
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestPage reads the page for what no page of ours does.
func TestPage(t *testing.T) {
	s := plain(t)
	for _, name := range s.Files() {
		text := string(s.files[name].data)
		if strings.HasSuffix(name, ".drdc") || strings.HasSuffix(name, ".png") || name == "program.wasm" {
			continue
		}
		for _, word := range []string{"https://", "http://", "eval(", "innerHTML", "insertAdjacentHTML", "document.write"} {
			if strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", ""), word) {
				t.Errorf("%s contains %s", name, word)
			}
		}
		if strings.HasSuffix(name, ".html") && (strings.Contains(text, "<style") || strings.Contains(text, " style=") || strings.Contains(text, " onclick=")) {
			t.Errorf("%s has a style or a script in a line, which its policy forbids", name)
		}
	}
	index := string(s.files["index.html"].data)
	meta := strings.Replace(policy, "; frame-ancestors 'none'", "", 1) // has no meaning in a page
	if !strings.Contains(index, `content="`+meta+`"`) {
		t.Errorf("index.html has another policy than the server: want %s", meta)
	}
	sw := string(s.files["sw.js"].data)
	for _, name := range []string{`"./"`, `"page.js"`, `"program.wasm"`, `"worker.js"`, `"wasm_exec.js"`, `"site.json"`, `"images/bolt/good/000.png"`} {
		if !strings.Contains(sw, name) {
			t.Errorf("sw.js does not keep %s", name)
		}
	}
	if strings.Contains(sw, "model.drdc") || strings.Contains(sw, "version: ''") {
		t.Error("sw.js keeps the model, or has no version")
	}
}

// TestWrite writes the page to a folder, twice.
func TestWrite(t *testing.T) {
	models := modelFiles(t)
	s, dir := plain(t, models...), filepath.Join(t.TempDir(), "out")
	for range 2 {
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Contains(s.Files(), "models/2-parts.drdc") {
		t.Error("the second model is missing")
	}
	for _, name := range s.Files() {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if f := s.files[name]; f.disk == "" && !bytes.Equal(got, f.data) {
			t.Errorf("%s: other bytes", name)
		}
	}
	packed, err := os.ReadFile(filepath.Join(dir, "program.wasm.gz"))
	if err != nil || !bytes.Equal(packed, s.files["program.wasm"].packed) {
		t.Errorf("program.wasm.gz: %v", err)
	}
	if _, err := NewSite(Config{Program: fstest.MapFS{}}); err == nil {
		t.Error("a site without a program")
	}
}
