// Package conform proves the kernels on a device: every case of the kernel table
// and random shapes run on the device and are compared with the float64
// reference. It is the same code in `go test`, in `drdc bench` and in the
// browser's suite.
//
// For each case and for both tile choices (GPU and CPU adapters) it checks that
//   - the NMSE against the reference is within the operation's bound,
//   - guard words before and after every output stay intact,
//   - the padding lanes of every output are zero,
//   - a second run gives the same bits,
//   - the form with all operands in one buffer (read_write bindings) agrees too.
//
// It may import kernels, shaders, runtime/gpu and runtime/graph.
package conform
