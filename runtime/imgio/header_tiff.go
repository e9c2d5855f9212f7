package imgio

import "fmt"

// tiffExpansion is the largest expansion of each compression; what is not listed (CCITT) has no useful bound.
// LZW: a code of 12 bits stands for at most 3,840 bytes.
var tiffExpansion = map[uint32]int64{0: 1, 1: 1, 5: 2560, 8: maxDeflate, 32946: maxDeflate, 32773: 64}

// maxBlocks bounds the strips or tiles of a TIFF file: each starts a decompressor, however little it holds.
const maxBlocks = 1 << 16

// checkTIFF reads the first directory. CCITT codes stand for the bits 0 and 1, so that in a file whose 0 is black a
// "white" run is black; the decoder takes it for white, which invert corrects.
func checkTIFF(b []byte, w, h int) (header, error) {
	d := readIFD(b, tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric,
		tagOrientation, tagRowsStrip, tagTileWidth, tagTileHeight)
	out := header{orient: 1}
	if o := d[tagOrientation].first; o >= 1 && o <= 8 {
		out.orient = orientation(o)
	}
	bits, samples := int64(1), int64(1)
	if v, ok := d[tagBits]; ok {
		bits, samples = int64(v.first), int64(v.count)
	}
	pixels := int64(w) * int64(h)
	out.memory = 4 * pixels
	if bits == 16 {
		out.memory = 8 * pixels
	}
	bw, bh := int64(w), int64(h) // a block: a tile or a strip
	if tw, th := int64(d[tagTileWidth].first), int64(d[tagTileHeight].first); tw > 0 && th > 0 {
		bw, bh = tw, th
	} else if rows := int64(d[tagRowsStrip].first); rows > 0 {
		bh = min(bh, rows)
	}
	if bw > (1<<40)/bh {
		return header{}, fmt.Errorf("%w: TIFF tile of %d x %d px", ErrTooLarge, bw, bh)
	}
	if n := ((int64(w)-1)/bw + 1) * ((int64(h)-1)/bh + 1); n > maxBlocks {
		return header{}, fmt.Errorf("%w: TIFF of %d strips or tiles, limit %d", ErrTooLarge, n, maxBlocks)
	}
	compression := d[tagCompression].first
	out.invert = (compression == 3 || compression == 4) && d[tagPhotometric].first == 1
	expansion, bounded := tiffExpansion[compression]
	if bounded {
		out.needs = pixels * bits * samples / 8 / expansion
	}
	if expansion != 1 {
		out.memory += 16 * bw * bh // a block may expand to 8 bytes a pixel, in a buffer that grows by doubling
	} else {
		out.memory += int64(len(b))
	}
	return out, nil
}
