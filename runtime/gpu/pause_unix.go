//go:build !js && !windows && cgo

package gpu

// #include <time.h>
// static void pause_ns(long ns) {
// 	struct timespec t = {.tv_nsec = ns};
// 	nanosleep(&t, NULL);
// }
import "C"
import "time"

// pause sleeps for less than a second. It is not time.Sleep, which takes a
// millisecond at least in an idle program.
func pause(d time.Duration) { C.pause_ns(C.long(d.Nanoseconds())) }
