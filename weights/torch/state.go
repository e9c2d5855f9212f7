package torch

import (
	"strings"
)

// The keys under which programs keep the weights, in the order of preference.
func usualNames() []string {
	return []string{"state_dict", "model_state_dict", "model", "net", "network", "params", "weights"}
}

// stateDict finds the state dict in the value of a checkpoint: the value itself or one nested in it, never an optimizer's.
func stateDict(root any) ([]named, error) {
	s := search{}
	if err := s.visit(root, "", 0); err != nil {
		return nil, err
	}
	switch len(s.found) {
	case 0:
		if s.module != "" {
			return nil, fail(ErrNoState, "the file holds a whole module of class %s; save its state_dict() instead", clip(s.module))
		}
		return nil, fail(ErrNoState, "nothing in the file maps names to tensors")
	case 1:
		return s.found[0].tensors, nil
	}
	var paths []string
	for _, f := range s.found {
		if f.path == "" {
			return f.tensors, nil
		}
		paths = append(paths, f.path)
	}
	for _, name := range usualNames() {
		for _, f := range s.found {
			if f.path == name {
				return f.tensors, nil
			}
		}
	}
	return nil, fail(ErrAmbiguous, "found %s", clip(strings.Join(paths, ", ")))
}

type candidate struct {
	path    string
	tensors []named
}

type search struct {
	found  []candidate
	module string // the class of a pickled module, which is not looked into
	visits int
	count  int
}

// skipped says that a key names the state of training.
func skipped(key string) bool {
	key = strings.ToLower(key)
	for _, s := range []string{"optim", "sched", "scaler"} {
		if strings.Contains(key, s) {
			return true
		}
	}
	return false
}

func (s *search) visit(v any, path string, depth int) error {
	var d *dict
	switch v := v.(type) {
	case *dict:
		d = v
	case *opaque:
		d = &v.items
		if d.get("_modules") != nil {
			s.module = v.class
			return nil
		}
	default:
		return nil
	}
	if depth > maxNesting {
		return nil
	}
	var c candidate
	for i, k := range d.keys {
		if s.visits++; s.visits > maxVisits {
			return fail(ErrLimit, "more than %d values to look through", maxVisits)
		}
		key, ok := k.(string)
		if !ok {
			continue
		}
		if t, ok := d.values[i].(*tensor); ok {
			if s.count++; s.count > maxTensors {
				return fail(ErrLimit, "more than %d tensors", maxTensors)
			}
			c.tensors = append(c.tensors, named{key, t})
			continue
		}
		if depth == 0 && skipped(key) {
			continue
		}
		below := key
		if path != "" {
			below = path + "/" + key
		}
		if len(below) > 4*60 {
			continue
		}
		if err := s.visit(d.values[i], below, depth+1); err != nil {
			return err
		}
	}
	if c.tensors != nil {
		c.path = path
		s.found = append(s.found, c)
	}
	return nil
}
