package plugin

// logBytes is how much of a guest's log is kept, the newest.
const logBytes = 64 << 10
