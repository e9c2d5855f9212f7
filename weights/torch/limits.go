package torch

// The bounds a checkpoint is held to. Beyond one of them the error wraps ErrLimit.
const (
	// maxPickle is the longest pickle, in bytes.
	maxPickle = 64 << 20
	// maxMemory is the estimated memory of all pickle objects of a file, in bytes.
	maxMemory = 40 << 20
	// maxStack is the deepest stack of the pickle machine.
	maxStack = 1 << 18
	// maxText is the longest string or big integer in a pickle, in bytes.
	maxText = 1 << 20
	// maxDirectory is what may be read of a zip file's directory, in bytes.
	maxDirectory = 8 << 20
	// maxEntries is the largest number of zip entries.
	maxEntries = 1 << 15
	// maxTensors is the largest number of tensors of a state dict.
	maxTensors = 1 << 15
	// maxRank is the largest number of dimensions.
	maxRank = 16
	// maxCopies is what tensors that are not a plain run of their storage may take beyond the file's own size, in bytes.
	maxCopies = 16 << 20
	// maxNesting is how deep state dicts are looked for.
	maxNesting = 8
	// maxVisits is how many values are looked at in the search for state dicts.
	maxVisits = 1 << 20
)
