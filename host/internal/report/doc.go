// Package report owns what a run leaves for people and programs to read:
// results.jsonl, results.csv and the page index.html, and the page of an
// evaluation.
//
// The first three hold the same rows, one per image, sorted by path, and are equal
// for equal rows. The page is one file without any reference to a network; its
// pictures are part of it up to [InlineImages] images, and files of the output
// folder above that. It may import runtime/{result,eval}.
//
//	err := report.CSV(w, rows)
//	err = report.Page(w, report.Run{Title: "photos"}, rows, pictures)
package report
