package odoo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"odoobridge/rpc"
)

// An Odoo that has nothing but JSON-2 left takes named arguments alone. A call of execute or execute_kw is said in it by the
// names that the method's parameters have: those of the table of the ORM's methods, or those that the caller of this package
// found in Odoo's own documentation.

// Parameters are what a method of a model can be given: its signature without self, whose name is that of TypeErrors.
type Parameters struct {
	Signature
	OfModel bool // @api.model: there are no ids
}

// Arguments are those of a method, in JSON.
type Arguments struct {
	positional []rpc.Value
	named      []rpc.Member
}

// ORMParameters are those of a method that all models have, or that is of one of the few in the table.
func (c Call) ORMParameters() (Parameters, bool) {
	m, ok := ormMethods[c.Method]
	class := "BaseModel"
	if m.own {
		class = pythonClass(c.Model)
	}
	return Parameters{
		OfModel:   m.perModel && (m.until == 0 || c.Series <= m.until),
		Signature: Signature{Name: class + "." + c.Method, Required: m.required, Optional: m.optional},
	}, ok
}

// OwnParameters are those of a method of the model, as its documentation tells them.
func (c Call) OwnParameters(required, optional []string, ofModel bool) Parameters {
	return Parameters{OfModel: ofModel,
		Signature: Signature{Name: pythonClass(c.Model) + "." + c.Method, Required: required, Optional: optional}}
}

// pythonClass is the class of a model by 19's convention: "ResPartner" of res.partner (errors.typeerror.missing).
func pythonClass(model string) string {
	var name strings.Builder
	for _, word := range strings.FieldsFunc(model, func(r rune) bool { return r == '.' || r == '_' }) {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

var (
	modelName  = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)
	methodName = regexp.MustCompile(`^[\pL_][\pL\p{Nd}_]*$`)
)

// CheckNamable returns what Odoo says of a model and a method that can be none, or that nobody may call. JSON-2 has both in
// its path, where some would lead elsewhere.
func (c Call) CheckNamable() *rpc.Error {
	args := c.Envelope.Args
	name := args[4]
	switch {
	case !modelName.MatchString(c.Model) || strings.Trim(c.Model, ".") == "":
		return exception("odoo.exceptions.UserError", "Object "+args[3].PyStr()+" doesn't exist") // errors.model.false
	case name.Kind() != rpc.String:
		return exception("builtins.AttributeError", "'"+name.PyType()+"' object has no attribute 'startswith'") // errors.method.int
	case isPrivate(c.Method):
		return c.privateMethod()
	case !methodName.MatchString(c.Method):
		return c.noAttribute()
	}
	return nil
}

// noObject is 404 of JSON-2 in the words of execute (errors.model).
func (c Call) noObject() *rpc.Error {
	return exception("odoo.exceptions.UserError", "Object "+c.Model+" doesn't exist")
}

// noAttribute is the same of a method (errors.method).
func (c Call) noAttribute() *rpc.Error {
	return exception("builtins.AttributeError", "The method '"+c.Model+"."+c.Method+"' does not exist")
}

// NoSuchMethod is what Odoo says of a method that its documentation does not have.
func (c Call) NoSuchMethod() *rpc.Error { return c.noAttribute() }

// NoSuchModel is the same of a model.
func (c Call) NoSuchModel() *rpc.Error { return c.noObject() }

// Arguments reads those of the method. The error is Odoo's for what is none, or ours for what JSON can't say.
func (c Call) Arguments() (Arguments, *rpc.Error) {
	var a Arguments
	said, ok := rpc.InJSON(c.Envelope.Args[5:])
	switch {
	case !ok:
		return a, exception("odoo.exceptions.UserError", "This call holds bytes that are no text, a date that is none, or elements where XML-RPC "+
			"has none, which JSON-2, the only protocol of this Odoo, can't carry. Send bytes as the text of their base64, "+
			"and dates as text, \"2024-02-29 12:00:00\".")
	case c.Envelope.Method == "execute":
		return Arguments{positional: said}, nil
	}
	if len(said) == 2 && said[1].Kind() != rpc.Null {
		var wrong *rpc.Error
		if a.named, wrong = dict(said[1]); wrong != nil {
			return a, wrong
		}
	}
	if a.positional, ok = said[0].Iterate(); !ok {
		return a, exception("builtins.TypeError", "Value after * must be an iterable, not "+said[0].PyType())
	}
	return a, nil
}

// dict is Python's dict(v): a mapping, or pairs (auth.kw.emptylist, auth.kw.list).
func dict(v rpc.Value) ([]rpc.Member, *rpc.Error) {
	if v.Kind() == rpc.Struct {
		return v.Members(), nil
	}
	pairs, ok := v.Iterate()
	if !ok {
		return nil, exception("builtins.TypeError", "'"+v.PyType()+"' object is not iterable")
	}
	var members []rpc.Member
	for i, p := range pairs {
		pair, ok := p.Iterate()
		switch {
		case !ok:
			return nil, exception("builtins.TypeError", fmt.Sprintf("cannot convert dictionary update sequence element #%d to a sequence", i))
		case len(pair) != 2:
			return nil, exception("builtins.ValueError", fmt.Sprintf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair)))
		case pair[0].Kind() != rpc.String:
			return nil, exception("builtins.TypeError", "keywords must be strings")
		}
		members = append(members, rpc.Member{Name: pair[0].PyStr(), Value: pair[1]})
	}
	return members, nil
}

// JSON2Call is a call of execute or execute_kw as JSON-2 takes it.
type JSON2Call struct {
	Members []rpc.Member
	One     bool // the answer is a list of one, which its caller gets without the list

	function string   // as TypeErrors name it
	missing  []string // required parameters that were given nothing
}

// NameArguments gives the arguments their names. The error is Python's for what can't have any; whether names are right and
// all there is for Odoo to tell, which looks at the model first.
func (c Call) NameArguments(a Arguments, p Parameters) (JSON2Call, *rpc.Error) {
	j := JSON2Call{function: p.Name}
	positional := a.positional
	if !p.OfModel {
		if len(positional) == 0 {
			return j, exception("builtins.IndexError", "list index out of range") // read.read.noargs
		}
		j.Members = append(j.Members, rpc.Member{Name: "ids", Value: positional[0]})
		positional = positional[1:]
	}
	names := slices.Concat(p.Required, p.Optional)
	for i, v := range positional[:min(len(positional), len(names))] {
		j.Members = append(j.Members, rpc.Member{Name: names[i], Value: v})
	}
	if wrong := c.appendNamed(&j, a.named, names); wrong != nil {
		return j, wrong
	}
	if len(positional) > len(names) {
		withSelf := Signature{Name: p.Name, Required: append([]string{"self"}, p.Required...), Optional: p.Optional}
		return j, withSelf.Check(len(positional) + 1) // errors.typeerror.many
	}
	for _, name := range p.Required {
		if !j.has(name) {
			j.missing = append(j.missing, name)
		}
	}
	if c.Method == "create" && len(j.missing) == 0 {
		if len(a.positional) == 0 {
			return j, exception("builtins.IndexError", "list index out of range") // write.create.kw
		}
		j.One = a.positional[0].Kind() == rpc.Struct
	}
	return j, nil
}

// appendNamed appends the arguments that the caller named. names are those of all parameters.
func (c Call) appendNamed(j *JSON2Call, named []rpc.Member, names []string) *rpc.Error {
	for _, m := range named {
		switch {
		case m.Name == "context" && !m.Value.Truthy():
			continue
		case slices.Contains([]string{"ids", "__model__", "__method__"}, m.Name): // they are JSON-2's own
			if slices.Contains(names, m.Name) {
				return c.NoNames()
			}
			return exception("builtins.TypeError", j.function+"() got an unexpected keyword argument '"+m.Name+"'") // read.search.count
		case m.Name == "self" || j.has(m.Name):
			return exception("builtins.TypeError", j.function+"() got multiple values for argument '"+m.Name+"'") // errors.typeerror.twice
		}
		j.Members = append(j.Members, m)
	}
	return nil
}

func (j JSON2Call) has(name string) bool {
	return slices.ContainsFunc(j.Members, func(m rpc.Member) bool { return m.Name == name })
}

// GuessArguments names what needs no names: no more than ids, and named arguments. It tells whether that was all. A wrong guess
// does no harm: Odoo refuses ids for a method of the model before it runs.
func (c Call) GuessArguments(a Arguments) (JSON2Call, bool) {
	j := JSON2Call{function: pythonClass(c.Model) + "." + c.Method}
	switch {
	case len(a.positional) > 1 || len(a.positional) == 1 && !isIDs(a.positional[0]):
		return j, false
	case len(a.positional) == 1:
		j.Members = []rpc.Member{{Name: "ids", Value: a.positional[0]}}
	}
	return j, c.appendNamed(&j, a.named, nil) == nil
}

// isIDs tells whether v is an id, or a list of some. An empty one says nothing.
func isIDs(v rpc.Value) bool {
	ids := []rpc.Value{v}
	if v.Kind() == rpc.Array {
		ids, _ = v.Iterate()
	}
	return v.Truthy() && !slices.ContainsFunc(ids, func(id rpc.Value) bool { return id.Kind() != rpc.Int })
}

// NoNames is the error of a call whose arguments have places and no names that are known here.
func (c Call) NoNames() *rpc.Error {
	return exception("odoo.exceptions.UserError", "The arguments of "+c.Model+"."+c.Method+" have no names here, and this Odoo's only protocol, "+
		"JSON-2, takes no others. Call it with named arguments, [[ids], {\"name\": value}], or have the bridge read Odoo's API "+
		"documentation: its setting doc_user names a user of Odoo's group for that, \"Technical Documentation\".")
}

// RPCError is what execute says of the call where JSON-2 says e. It does not look into the envelope, which may be gone.
func (c Call) RPCError(e *rpc.Error, j JSON2Call) *rpc.Error {
	switch e.Class {
	case "werkzeug.exceptions.NotFound":
		if e.Message == "the model '"+c.Model+"' does not exist" {
			return c.noObject()
		}
		return c.noAttribute()
	case "werkzeug.exceptions.UnprocessableEntity":
		argument, missing := strings.CutPrefix(e.Message, "missing a required argument: ")
		switch {
		case missing && len(j.missing) > 0:
			return Signature{Name: j.function, Required: j.missing}.Check(0) // errors.typeerror.missing
		case missing:
			return exception("builtins.TypeError", j.function+"() missing 1 required positional argument: "+argument)
		case strings.HasPrefix(e.Message, "cannot call "):
			return c.NoNames()
		}
		return exception("builtins.TypeError", j.function+"() "+e.Message) // got an unexpected keyword argument 'x'
	case "werkzeug.exceptions.Unauthorized":
		return rpc.AccessDenied()
	}
	return e
}
