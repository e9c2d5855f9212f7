package sandbox

import "embed"

// Files are sandbox.js, worker.js and rule.js.
//
//go:embed sandbox.js worker.js rule.js
var Files embed.FS
