// Package worker runs detection in a process that may die.
//
// A lost device, an abort inside a driver or a shader that never ends takes its
// process along; nothing inside it can help. So everything that touches pixels,
// the GPU or plugins runs in a worker, `drdc worker`, and the parent talks to it
// in frames over stdin and stdout. The worker sends a beat with every step that
// is done. A parent that hears nothing for too long kills it. [Client] starts a
// dead worker anew, after 0.2, 1 and then 5 seconds, gives it the same image
// once more, and after five deaths in a row stops. A worker whose stdin ends
// exits.
//
// The package owns the frames, both ends, and the [Detector] interface.
// It may import runtime/{imgio,result} and host/internal/walk.
//
//	client := worker.NewClient(worker.Config{Spec: spec, Start: worker.Command(exe, "worker")})
//	defer client.Close()
//	reply, err := client.Detect(ctx, image, next, restart, func(k worker.Kind, r io.Reader) error { ... })
package worker
