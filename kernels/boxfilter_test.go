package kernels

import "testing"

// TestBoxFilter works out a row of three and a row whose window is wider than
// the image.
func TestBoxFilter(t *testing.T) {
	x := array(1, 1, 3, 2, 0, 3, 6, 9, 12, 0)
	wantClose(t, reference(t, BoxFilter{1}, x), x, 0)
	wantClose(t, reference(t, BoxFilter{3}, x), array(1, 1, 3, 2, 3, 6, 6, 4, 9, 4.5), 0)
	wantClose(t, reference(t, BoxFilter{9}, x), array(1, 1, 3, 2, 6, 4), 0)
}
