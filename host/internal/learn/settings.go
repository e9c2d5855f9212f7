package learn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settingsKey is where a checkpoint's provenance has the settings of its run.
const settingsKey = "training"

func encodeSettings(settings any) (string, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return "", fmt.Errorf("learn: settings: %w", err)
	}
	return string(text), nil
}

// compareSettings names every setting that differs between a checkpoint and now.
func compareSettings(stored, now string) error {
	a, b := map[string]string{}, map[string]string{}
	if err := flatten("", []byte(stored), a); err != nil {
		return fmt.Errorf("learn: %w: its settings: %w", ErrCheckpoint, err)
	}
	if err := flatten("", []byte(now), b); err != nil {
		return fmt.Errorf("learn: settings: %w", err)
	}
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	var differ []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if x, y := orNone(a[k]), orNone(b[k]); x != y {
			differ = append(differ, fmt.Sprintf("%s was %s, is %s", k, x, y))
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("learn: the %w has other settings: %s", ErrCheckpoint, strings.Join(differ, "; "))
	}
	return nil
}

// sorted lists a map by its keys.
func sorted(m map[string]string) [][2]string {
	list := [][2]string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, [2]string{k, m[k]})
	}
	return list
}

func orNone(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// flatten lists the leaves of a JSON value by their path: objects are entered, all
// else is text.
func flatten(path string, value []byte, into map[string]string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(value, &object); err != nil || object == nil {
		if path == "" {
			return fmt.Errorf("no JSON object")
		}
		var text bytes.Buffer
		if err := json.Compact(&text, value); err != nil {
			return err
		}
		into[path] = text.String()
		return nil
	}
	for k, v := range object {
		at := k
		if path != "" {
			at = path + "." + k
		}
		if err := flatten(at, v, into); err != nil {
			return err
		}
	}
	return nil
}
