package plugin

import "time"

// DefaultDeadline is how long one image may take a guest, its start included.
const DefaultDeadline = 10 * time.Second

// logBytes is how much of a guest's log is kept, the newest.
const logBytes = 64 << 10
