// Package walk turns the arguments of a command into a sorted list of images.
//
// A folder is searched through and through for files with the endings of the
// formats that imgio reads; names that begin with a dot are skipped. A link is
// an image if it leads to a file below the same folder; linked folders are not
// entered. What cannot be used is listed with its error, so that a run reports
// it and goes on. Every image is opened through an [os.Root], which keeps that
// promise when links change later. The package imports nothing of this project.
//
//	images, err := walk.Find([]string{"photos", "one.png"}, "results")
//	file, err := images[0].Open()
package walk
