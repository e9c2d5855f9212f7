// Package journal owns the record of what a run has finished: an append-only
// file that survives kill -9, power cuts and damage.
//
// Each entry stands on a line of its own,
//
//	"\n" CRC " " JSON "\n"
//
// where CRC is the CRC-32C of the JSON, eight hexadecimal digits. A line that
// does not fit its CRC is no entry. Line feeds on both sides keep a damaged
// byte from costing more than one entry. Every entry names the run it belongs
// to, so no header has to survive. Append syncs before it returns. The package
// imports outdir.
//
//	j, err := journal.Open(dir, run)
//	defer j.Close()
//	if _, ok := j.Entry("photos/a.png"); !ok {
//		err = j.Append(journal.Entry{Path: "photos/a.png", ...})
//	}
package journal
