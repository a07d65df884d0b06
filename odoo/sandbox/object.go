package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/lib/pq"

	"odoobridge/rpc"
)

// Signatures of what Odoo calls between the envelope and the model, up to series 18.
var (
	executeKw = parseSignature("execute_kw(db, uid, obj, method, args, kw=None)")
	execute   = parseSignature("execute(db, uid, obj, method)") // and *args
)

// modelCall is a method of a model with its arguments, credentials checked and gone.
type modelCall struct {
	model, method any
	args          []any
	kwargs        *dict
	sequence      string // the Python type of args, for IndexErrors
}

// name is the call in the ledger: "res.partner.create".
func (c modelCall) name() string { return str(c.model) + "." + str(c.method) }

// object is the service object: it checks the credentials and calls the method in a transaction of its own. The order of
// the checks differs between series, and callers see it in the errors (cases auth.args.*, auth.method.*).
func (s *Sandbox) object(ctx context.Context, c call) (any, error) {
	who, call, err := s.objectCall(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.retried(ctx, who, call.name(), call.run)
}

// retried runs a call in a transaction, and again where another transaction was in its way: then alone, because many that
// write the same record would be in each other's way again, where Odoo waits a random time of up to 31 seconds. name is
// what the ledger counts it under, "" if that is no call.
func (s *Sandbox) retried(ctx context.Context, who caller, name string, call func(*env) (any, error)) (any, error) {
	attempt := func(lock sync.Locker) (any, error) {
		lock.Lock()
		defer lock.Unlock()
		return s.transaction(ctx, who, call)
	}
	result, err := attempt(s.calls.RLocker())
	for n := 2; n <= maxAttempts && concurrent(err); n++ {
		result, err = attempt(&s.calls)
	}
	if s.control != nil && err == nil && name != "" {
		s.control.ledger.execute(name)
	}
	return result, err
}

// maxAttempts is how often Odoo runs a call whose transaction is in the way of another one.
const maxAttempts = 5

// concurrent says whether an error is one that another attempt may not meet.
func concurrent(err error) bool {
	var known *rpc.Error
	var pg *pq.Error
	switch {
	case errors.As(err, &known):
		return known.Class == "psycopg2.errors.SerializationFailure" || known.Class == "psycopg2.errors.DeadlockDetected"
	case errors.As(err, &pg):
		return pg.Code.Name() == "serialization_failure" || pg.Code.Name() == "deadlock_detected"
	}
	return false
}

func (s *Sandbox) objectCall(ctx context.Context, c call) (caller, modelCall, error) {
	if s.series >= 19 {
		return s.objectCall19(ctx, c)
	}
	if len(c.args) < 3 {
		return caller{}, modelCall{}, indexError(c.sequence() + " index out of range")
	}
	db, secret, rest := c.args[0], c.args[2], c.args[3:]
	uid, err := toInt(c.args[1])
	if err != nil {
		return caller{}, modelCall{}, err
	}
	if s.series < 16 {
		if err := c.checkObjectMethod(); err != nil {
			return caller{}, modelCall{}, err
		}
	}
	if err := s.checkDatabase(db); err != nil {
		return caller{}, modelCall{}, err
	}
	who, err := s.checkUser(ctx, uid, secret)
	if err != nil {
		return caller{}, modelCall{}, err
	}
	if err := c.checkObjectMethod(); err != nil {
		return caller{}, modelCall{}, err
	}
	m, err := bindObject(c.method, append([]any{db, uid}, rest...))
	return who, m, err
}

func (c call) checkObjectMethod() error {
	switch c.method {
	case "execute", "execute_kw":
		return nil
	case "obj_list":
		return newError("builtins.NameError", "obj_list has been discontinued via RPC as of 6.0, please query ir.model directly!")
	}
	return newError("builtins.NameError", "Method not available "+c.methodText)
}

// bindObject binds what follows the credentials to execute or execute_kw; args begins with db and uid.
func bindObject(method string, args []any) (modelCall, error) {
	if method == "execute" {
		bound, err := execute.bind(args[:min(len(args), len(execute.params))], nil)
		if err != nil {
			return modelCall{}, err
		}
		return modelCall{
			model: bound["obj"], method: bound["method"], args: args[len(execute.params):], kwargs: newDict(), sequence: "tuple",
		}, nil
	}
	bound, err := executeKw.bind(args, nil)
	if err != nil {
		return modelCall{}, err
	}
	list, ok := items(bound["args"])
	if !ok {
		return modelCall{}, typeError("Value after * must be an iterable, not " + typeName(bound["args"]))
	}
	kwargs, ok := bound["kw"].(*dict)
	if truthy(bound["kw"]) && !ok {
		return modelCall{}, typeError("odoo.service.model.execute() argument after ** must be a mapping, not " + typeName(bound["kw"]))
	}
	return modelCall{model: bound["obj"], method: bound["method"], args: list, kwargs: kwargs.copy(), sequence: "tuple"}, nil
}

// objectCall19 is the same in series 19, which unpacks where the earlier ones bind.
func (s *Sandbox) objectCall19(ctx context.Context, c call) (caller, modelCall, error) {
	if len(c.args) < 5 {
		return caller{}, modelCall{}, valueError(fmt.Sprintf("not enough values to unpack (expected at least 5, got %d)", len(c.args)))
	}
	db, secret := c.args[0], c.args[2]
	uid, err := toInt(c.args[1])
	if err != nil {
		return caller{}, modelCall{}, err
	}
	if !truthy(secret) {
		return caller{}, modelCall{}, accessDenied()
	}
	if err := s.checkDatabase(db); err != nil {
		return caller{}, modelCall{}, err
	}
	if c.method != "execute" && c.method != "execute_kw" {
		return caller{}, modelCall{}, newError("builtins.NameError", "Method not available "+c.methodText)
	}
	m, err := bindObject19(c.method, c.args[3:])
	if err != nil {
		return caller{}, modelCall{}, err
	}
	switch secret.(type) {
	case []any, *dict:
		return caller{}, modelCall{}, typeError("unhashable type: '" + typeName(secret) + "'")
	}
	who, err := s.checkUser(ctx, uid, secret)
	return who, m, err
}

// bindObject19 is bindObject for series 19; args begins with the model.
func bindObject19(method string, args []any) (modelCall, error) {
	if len(args) < 2 {
		return modelCall{}, indexError("list index out of range")
	}
	m := modelCall{model: args[0], method: args[1], args: args[2:], kwargs: newDict(), sequence: "list"}
	var err error
	if method == "execute_kw" {
		m.args, m.kwargs, err = keywords19(m.args)
	}
	return m, err
}

// keywords19 unpacks the args and kwargs of execute_kw.
func keywords19(rest []any) ([]any, *dict, error) {
	switch {
	case len(rest) == 0:
		return nil, nil, valueError("not enough values to unpack (expected 2, got 0)")
	case len(rest) > 2:
		return nil, nil, valueError("too many values to unpack (expected 2)")
	}
	kwargs := newDict()
	if len(rest) == 2 && rest[1] != nil {
		var err error
		if kwargs, err = toDict(rest[1]); err != nil {
			return nil, nil, err
		}
	}
	list, ok := items(rest[0])
	if !ok {
		return nil, nil, typeError("Value after * must be an iterable, not " + typeName(rest[0]))
	}
	return list, kwargs, nil
}

// toDict is dict(v).
func toDict(v any) (*dict, error) {
	if d, ok := v.(*dict); ok {
		return d.copy(), nil
	}
	list, ok := items(v)
	if !ok {
		return nil, typeError("'" + typeName(v) + "' object is not iterable")
	}
	d := newDict()
	for i, item := range list {
		pair, ok := items(item)
		if !ok {
			return nil, typeError(fmt.Sprintf("cannot convert dictionary update sequence element #%d to a sequence", i))
		}
		if len(pair) != 2 {
			return nil, valueError(fmt.Sprintf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair)))
		}
		d.set(str(pair[0]), pair[1])
	}
	return d, nil
}

// transaction runs a call as a user; what it wrote stays only if it succeeds.
func (s *Sandbox) transaction(ctx context.Context, who caller, call func(*env) (any, error)) (any, error) {
	ctx = context.WithoutCancel(ctx) // Odoo ends a call whose client went away as any other
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() // after Commit it does nothing
	e := &env{registry: s.registry, ctx: ctx, tx: tx, uid: who.uid, user: who.user, context: newDict(), stale: make(map[string]bool)}
	if e.user == nil {
		if err := e.readUser(); err != nil {
			return nil, err
		}
	}
	result, err := call(e)
	if err != nil {
		return nil, err
	}
	if err := e.signalChanges(); err != nil {
		return nil, err
	}
	return result, tx.Commit()
}

// run finds the method and calls it as Odoo's call_kw does.
func (c modelCall) run(e *env) (any, error) {
	name, err := e.checkMethodName(c)
	if err != nil {
		return nil, err
	}
	modelName, _ := c.model.(string)
	m := e.models[modelName]
	if m == nil {
		return nil, userError("Object " + str(c.model) + " doesn't exist")
	}
	method, err := e.findMethod(m, name)
	if err != nil {
		return nil, err
	}
	args, kwargs := c.args, c.kwargs.copy() // the call may be run again
	recs := &records{model: m}
	if !method.class {
		if len(args) == 0 {
			return nil, indexError(c.sequence + " index out of range")
		}
		recs.ids, args = browse(args[0]), args[1:]
	}
	if given, ok := kwargs.get("context"); ok {
		kwargs.delete("context")
		if truthy(given) {
			if e.context, err = toDict(given); err != nil {
				return nil, err
			}
		}
	}
	bound, err := method.signature.bind(append([]any{recs}, args...), kwargs)
	if err != nil {
		return nil, err
	}
	if err := e.checkContext(); err != nil {
		return nil, err
	}
	result, err := method.run(e, recs, bound)
	if err != nil {
		return nil, err
	}
	if method.first && len(args) == 0 {
		return nil, indexError(c.sequence + " index out of range") // create looks at args[0] for the shape of its answer
	}
	return result, nil
}

// checkMethodName refuses private methods: those that begin with "_", and init.
func (e *env) checkMethodName(c modelCall) (string, error) {
	name, ok := c.method.(string)
	private := strings.HasPrefix(name, "_") || name == "init"
	if e.series >= 19 {
		if modelName, isName := c.model.(string); !isName || e.models[modelName] == nil {
			return "", userError("Object " + str(c.model) + " doesn't exist")
		}
		if !ok {
			return "", attributeError("'" + typeName(c.method) + "' object has no attribute 'startswith'")
		}
		if private {
			return "", e.privateMethod(c.model.(string), name)
		}
		return name, nil
	}
	if !ok {
		return "", typeError("expected string or bytes-like object, got '" + typeName(c.method) + "'")
	}
	if private {
		return "", e.privateMethod("", name)
	}
	return name, nil
}

func (e *env) privateMethod(model, name string) error {
	if e.series >= 19 {
		name = "'" + model + "." + name + "'"
	}
	return accessError("Private methods (such as " + name + ") cannot be called remotely.")
}

// browse is the ids of browse(v): none, one or a list of them.
func browse(v any) []any {
	if !truthy(v) {
		return nil
	}
	switch v := v.(type) {
	case []any:
		return v
	case tuple:
		return v
	case string, *dict:
		list, _ := items(v)
		return list
	}
	return []any{v}
}
