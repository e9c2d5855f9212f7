package outdir

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Source is an input that gets output files.
type Source struct {
	// Path tells sources apart; any bytes.
	Path string
	// Rel is the slash-separated path that the outputs mirror; any bytes.
	Rel string
}

// maxName is the longest file name, in bytes, that common file systems take.
const maxName = 255

// Stems gives every source its own relative path, without an ending, that is
// valid UTF-8 and usable on every platform, and to which up to reserve bytes of
// ending can be added:
//
//   - the source's path without the image's ending ("good/000" of
//     "good/000.png"),
//   - or with it, where two sources differ in nothing else ("a.png", "a.jpg"),
//   - or with "~" and a digest of Path, where that is not enough, as with the
//     same name below two folders.
//
// Characters that some platform refuses become "_", and long names are cut;
// such a part of a path gets a digest too. Names that differ only in case count
// as equal. taken lists stems that are in use already. The result depends on
// the set of sources, not on their order.
func Stems(sources []Source, reserve int, taken []string) []string {
	stems := make([]string, len(sources))
	open := make([]int, len(sources))
	for i := range open {
		open[i] = i
	}
	uses := map[string]int{}
	for _, t := range taken {
		uses[strings.ToLower(t)] = len(sources) + 1
	}
	forms := []func(Source) string{
		func(s Source) string { return safe(strings.TrimSuffix(s.Rel, path.Ext(s.Rel)), reserve) },
		func(s Source) string { return safe(s.Rel, reserve) },
		func(s Source) string { return mark(safe(s.Rel, reserve), s.Path, reserve) },
	}
	for _, form := range forms {
		for _, i := range open {
			stems[i] = form(sources[i])
			uses[strings.ToLower(stems[i])]++
		}
		open = slices.DeleteFunc(open, func(i int) bool { return uses[strings.ToLower(stems[i])] == 1 })
	}
	return stems
}

// safe makes every part of a path usable; see Stems.
func safe(rel string, reserve int) string {
	parts := strings.Split(rel, "/")
	for i, p := range parts {
		room := maxName
		if i == len(parts)-1 {
			room -= reserve
		}
		clean := cleaned(p)
		if clean != p || len(p) > room {
			clean = digested(clean, strings.Join(parts[:i+1], "/")+"\x00", room)
		}
		parts[i] = clean
	}
	return strings.Join(parts, "/")
}

// mark adds a digest of key to the last part of a path.
func mark(stem, key string, reserve int) string {
	dir, base := path.Split(stem)
	return dir + digested(base, key, maxName-reserve)
}

// digested is name, cut to room bytes with "~" and 16 digits of key's SHA-256
// at its end.
func digested(name, key string, room int) string {
	sum := sha256.Sum256([]byte(key))
	end := "~" + hex.EncodeToString(sum[:8])
	for len(name) > room-len(end) {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name + end
}

// cleaned replaces what some platform refuses in a file name by "_".
func cleaned(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`<>:"|?*\`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if end := len(name) - 1; end < 0 || name[end] == '.' || name[end] == ' ' {
		name = strings.TrimRight(name, ". ") + "_"
	}
	device, _, _ := strings.Cut(name, ".")
	switch d := strings.ToUpper(device); {
	case d == "CON", d == "PRN", d == "AUX", d == "NUL",
		len(d) == 4 && (d[:3] == "COM" || d[:3] == "LPT") && d[3] >= '0' && d[3] <= '9':
		name = "_" + name
	}
	return name
}
