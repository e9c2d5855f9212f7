package cli

// nearest returns the known words at the smallest edit distance from word, if
// that is at most 2 and less than half the word.
func nearest(word string, known []string) []string {
	best := min(2, (len(word)-1)/2)
	var found []string
	for _, k := range known {
		switch d := editDistance(word, k); {
		case d > best:
		case d < best:
			best, found = d, []string{k}
		default:
			found = append(found, k)
		}
	}
	return found
}

// editDistance counts insertions, deletions and replacements of bytes
// (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
