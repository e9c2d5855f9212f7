// Package page embeds what the browser loads besides the program: the page, the
// JavaScript around the program with its API (drdc.js, drdc.d.ts), an example of it,
// and the service worker. It imports nothing of ours.
package page

import "embed"

// Files holds the files, without folders. sw.js has a line to be filled in, which
// host/internal/web does.
//
//go:embed *.html *.css *.js *.d.ts *.svg *.webmanifest
var Files embed.FS
