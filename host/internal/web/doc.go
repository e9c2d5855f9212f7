// Package web owns the page of `drdc web`: it puts together its files, serves them to
// a browser on this machine, or writes them to a folder for another host.
//
// The page comes from wasm/browser/page, the program that it runs is built into this
// binary (see [Program]), models are files. Nothing of what a browser sends is kept:
// the server answers GET and HEAD, with files that are known beforehand, to requests
// that name a host which it was told of.
//
// It may import wasm/{browser/page,sandbox}, testdata/demo and weights.
//
//	site, err := web.NewSite(web.Config{Program: program, Models: []string{"model.drdc"}})
//	http.Serve(listener, site.Handler([]string{"127.0.0.1"}))
package web
