package sandbox

// runArchive and runUnarchive write active on the records that have the other value. They answer None.
func runArchive(e *env, r *records, _ map[string]any) (any, error) { return e.setActive(r, false) }

func runUnarchive(e *env, r *records, _ map[string]any) (any, error) { return e.setActive(r, true) }

// runToggleActive archives the active records and brings the others back.
func runToggleActive(e *env, r *records, _ map[string]any) (any, error) {
	active, err := e.byActive(r)
	if err != nil {
		return nil, err
	}
	for _, was := range []bool{true, false} {
		if len(active[was]) == 0 {
			continue
		}
		if _, err := runWrite(e, &records{model: r.model, ids: active[was]}, map[string]any{"vals": newDict("active", !was)}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (e *env) setActive(r *records, to bool) (any, error) {
	active, err := e.byActive(r)
	if err != nil || len(active[!to]) == 0 {
		return nil, err
	}
	_, err = runWrite(e, &records{model: r.model, ids: active[!to]}, map[string]any{"vals": newDict("active", to)})
	return nil, err
}

// byActive is the ids of records by their field active.
func (e *env) byActive(r *records) (map[bool][]any, error) {
	if r.model.fields["active"] == nil {
		return nil, keyError("active")
	}
	list, err := e.read(r.model, r.ids, []string{"active"}, false)
	if err != nil {
		return nil, err
	}
	byActive := make(map[bool][]any)
	for _, item := range list.([]any) {
		values := item.(*dict).values
		byActive[truthy(values["active"])] = append(byActive[truthy(values["active"])], values["id"])
	}
	return byActive, nil
}
