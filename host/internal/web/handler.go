package web

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// policy keeps the page to its own files: no inline script, no other host. The program
// needs 'wasm-unsafe-eval', which allows WebAssembly and nothing else.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
	"connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var headers = map[string]string{
	"Content-Security-Policy":      policy,
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(self), microphone=(), geolocation=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	// A browser asks each time whether a file is still the same.
	"Cache-Control": "no-cache",
	"Vary":          "Accept-Encoding",
}

var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".ts": "text/plain; charset=utf-8", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".svg": "image/svg+xml", ".png": "image/png", ".wasm": "application/wasm", ".drdc": "application/octet-stream",
}

// Handler serves the site. hosts are the names, besides IP addresses and localhost, by
// which requests may call this machine: a name that an attacker's DNS points here is
// not among them.
func (s *Site) Handler(hosts []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if !known(r.Host, hosts) {
			http.Error(w, fmt.Sprintf("this server is not called %q; `drdc web --host` allows a name", r.Host), http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		f := s.files[name]
		if f == nil {
			http.NotFound(w, r)
			return
		}
		serve(w, r, name, f)
	})
}

// known says whether a request's Host header names this machine.
func known(host string, hosts []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || net.ParseIP(host) != nil || slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

func serve(w http.ResponseWriter, r *http.Request, name string, f *file) {
	w.Header().Set("Content-Type", types[path.Ext(name)])
	tag := f.digest
	content := io.ReadSeeker(bytes.NewReader(f.data))
	switch {
	case f.disk != "":
		disk, err := os.Open(f.disk)
		if err != nil {
			http.Error(w, "the model cannot be read any more", http.StatusInternalServerError)
			return
		}
		defer disk.Close()
		content = disk
	case f.packed != nil && takesGzip(r):
		content = bytes.NewReader(f.packed)
		tag += "-gzip"
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, name, time.Time{}, content)
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if strings.EqualFold(coding, "gzip") {
			return !slices.Contains([]string{"q=0", "q=0.0", "q=0.00", "q=0.000"}, quality)
		}
	}
	return false
}
