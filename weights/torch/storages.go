package torch

import "math"

// storages resolves persistent ids: ("storage", class, key, location, count[, view]).
type storages struct {
	known map[string]*storage
	order []*storage
}

func (s *storages) resolve(id any) (any, error) {
	t, ok := id.(tuple)
	if !ok || len(t) < 5 || t[0] != "storage" {
		return nil, fail(ErrFormat, "a persistent id that is no storage")
	}
	class, ok1 := t[1].(*global)
	key, ok2 := t[2].(string)
	count, ok3 := t[4].(int64)
	if !ok1 || !ok2 || !ok3 {
		return nil, fail(ErrFormat, "a malformed storage id")
	}
	if count < 0 || count > math.MaxInt64/16 {
		return nil, fail(ErrFormat, "storage %s of %d elements", clip(key), count)
	}
	if len(t) > 5 && t[5] != nil {
		return nil, fail(ErrUnsupported, "storage %s is a view of another", clip(key))
	}
	e, _ := elemOf(class)
	if old := s.known[key]; old != nil {
		if old.elem != e || old.count != count {
			return nil, fail(ErrFormat, "storage %s has two types or lengths", clip(key))
		}
		return old, nil
	}
	v := &storage{key: key, elem: e, count: count}
	s.known[key] = v
	s.order = append(s.order, v)
	return v, nil
}
