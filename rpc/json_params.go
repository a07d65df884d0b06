package rpc

import (
	"fmt"
	"strings"
)

// jsonFaultError words a body that is no call.
func jsonFaultError(fault jsonFault, body []byte, s Series) *Error {
	switch fault {
	case jsonInvalid:
		err := pageError(PageInvalidJSON, "the body is not JSON")
		if s.oldHTTP() {
			err.quote = body
		}
		return err
	case jsonNotAnObject:
		if s.oldHTTP() {
			return pageError(PageInternalError, "the body is JSON, but not an object")
		}
		return pageError(PageInvalidCall, "the body is JSON, but not an object")
	case jsonTooMany:
		return tooManyArgs()
	}
	if s.oldHTTP() {
		return pageError(PageInternalError, "the body is nested too deeply")
	}
	container := "array"
	if fault == jsonDeepObject {
		container = "object"
	}
	return pyError("builtins.RecursionError",
		"maximum recursion depth exceeded while decoding a JSON %s from a unicode string", container)
}

// unpackParams does what dict(params) does with "params" that is no object: a sequence of pairs is as good, all else is
// refused (pj.params.null, pj.params.array). Before 16 the refusal is a page.
func (c *jsonCall) unpackParams(s Series) error {
	err := c.unpackPairs()
	if err != nil && err.Status == 0 && s.oldHTTP() {
		return pageError(PageInternalError, err.Message)
	}
	if err != nil {
		return err
	}
	return nil
}

func (c *jsonCall) unpackPairs() *Error {
	if len(c.params.raw) > maxArgs {
		return tooManyArgs() // there may be fewer: pairs are no call that anyone makes
	}
	switch c.params.kind {
	case Array:
	case String:
		if len(c.params.raw) > len(`""`) {
			return pairLength(0, 1)
		}
		return nil
	default:
		return pyError("builtins.TypeError", "'%s' object is not iterable", c.params.PyType())
	}
	for i, element := range jsonElements(c.params.raw) {
		switch element.kind {
		case Array:
			pair := jsonElements(element.raw)
			if len(pair) != 2 {
				return pairLength(i, len(pair))
			}
			if key := pair[0]; key.kind == Array || key.kind == Struct {
				return pyError("builtins.TypeError", "unhashable type: '%s'", key.PyType())
			}
			c.setParam(pair[0], pair[1])
		case Struct:
			pair := jsonMembers(element.raw)
			if len(pair) != 2 {
				return pairLength(i, len(pair))
			}
			c.setParam(pair[0].name, pair[1].name)
		case String:
			s, _ := element.Str()
			if n := len([]rune(s)); n != 2 {
				return pairLength(i, n)
			} // Two characters are a pair whose name is one character: none that counts.
		default:
			return pyError("builtins.TypeError",
				"cannot convert dictionary update sequence element #%d to a sequence", i)
		}
	}
	return nil
}

func pairLength(i, n int) *Error {
	return pyError("builtins.ValueError",
		"dictionary update sequence element #%d has length %d; 2 is required", i, n)
}

func (c *jsonCall) setParam(name, value Value) {
	if name.kind != String {
		return
	}
	if i := c.member(name.raw); i >= 0 {
		c.members[i] = value
	}
}

// missing is Python's answer to a call of the controller's function without all of its arguments (pj.params.noservice,
// pj.object.empty).
func (c *jsonCall) missing(s Series) error {
	var names []string
	for i, name := range endpoints[c.endpoint].params {
		if c.members[i].kind == Invalid {
			names = append(names, "'"+name+"'")
		}
	}
	if len(names) == 0 {
		return nil
	}
	function := c.endpoint.qualname(s)
	last := len(names) - 1
	switch last {
	case 0:
		return TypeError(fmt.Sprintf("%s() missing 1 required positional argument: %s", function, names[0]))
	case 1:
		return TypeError(fmt.Sprintf("%s() missing 2 required positional arguments: %s and %s", function, names[0], names[1]))
	}
	return TypeError(fmt.Sprintf("%s() missing %d required positional arguments: %s, and %s",
		function, len(names), strings.Join(names[:last], ", "), names[last]))
}
