package cli

import "os"

// quietVulkan keeps Mesa's device-select layer out of this process when no
// desktop session runs: it would look for a Wayland display and complain on
// standard error, once per instance. The layer only reorders adapters, which
// runtime/gpu chooses by itself.
func quietVulkan() error {
	if os.Getenv("XDG_RUNTIME_DIR") != "" || os.Getenv("NODEVICE_SELECT") != "" {
		return nil
	}
	return os.Setenv("NODEVICE_SELECT", "1")
}
