package eval

import "slices"

// sortKeys sorts in ascending order: by radix, 11 bits at a time, when there are
// enough keys for that to pay. It takes as much memory again as the keys.
func sortKeys(keys []uint32) {
	const bits, passes, few = 11, 3, 1 << 12
	if len(keys) < few {
		slices.Sort(keys)
		return
	}
	from, to := keys, make([]uint32, len(keys))
	for pass := range passes {
		shift := bits * pass
		var start [1 << bits]int
		for _, k := range from {
			start[k>>shift&(1<<bits-1)]++
		}
		sum := 0
		for i, n := range start {
			start[i] = sum
			sum += n
		}
		for _, k := range from {
			digit := k >> shift & (1<<bits - 1)
			to[start[digit]] = k
			start[digit]++
		}
		from, to = to, from
	}
	copy(keys, from) // an odd number of passes ends in the other slice
}
