package keyring

import (
	"errors"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"odoobridge/auth"
)

// What can be wrong with a request, to be asked by errors.Is. The errors themselves say which user or key it is about and
// what to do.
var (
	ErrNotInstalled   = errors.New("the module is not installed")
	ErrUnknownUser    = errors.New("no such user")
	ErrUnknownKey     = errors.New("no such key")
	ErrUnknownGroup   = errors.New("no such key group")
	ErrUnknownCompany = errors.New("no such company")
	ErrDuplicate      = errors.New("the name is taken")
	ErrAmbiguous      = errors.New("the name is that of several keys")
	ErrInvalid        = errors.New("not possible")
	ErrUnsupported    = errors.New("the series lacks this")
	ErrNoSchema       = errors.New("the schema odoobridge is not there")
	ErrNotGranted     = errors.New("the database role lacks a right")
	ErrBusy           = errors.New("others hold the keys")
	ErrInUse          = errors.New("other records refer to the key")
)

// problem is an error of one of the kinds above.
type problem struct {
	kind  error
	text  string
	cause error // nil, or what PostgreSQL said
}

func (p *problem) Error() string {
	if p.cause != nil {
		return p.text + ": " + p.cause.Error()
	}
	return p.text
}

func (p *problem) Unwrap() []error {
	if p.cause != nil {
		return []error{p.kind, p.cause}
	}
	return []error{p.kind}
}

func wrong(kind error, format string, args ...any) error {
	return &problem{kind: kind, text: fmt.Sprintf(format, args...)}
}

// The states of PostgreSQL that mean something here.
const (
	undefinedDatabase     = pqerror.Code("3D000")
	insufficientPrivilege = pqerror.Code("42501")
	lockNotAvailable      = pqerror.Code("55P03")
	uniqueViolation       = pqerror.Code("23505")
	foreignKeyViolation   = pqerror.Code("23503")
)

// explain tells an error of a database so that the reader knows what to do. PostgreSQL's detail of a violated constraint
// quotes the row, which has the key in it; lib/pq leaves the detail out of the text of its errors.
func (k *Keyring) explain(db string, err error) error {
	var pgErr *pq.Error
	var known *problem
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, auth.ErrUnknownDatabase):
		return err
	case !errors.As(err, &pgErr):
		return fmt.Errorf("database %q: %w", db, err)
	case pgErr.Code == undefinedDatabase:
		return fmt.Errorf("%w: PostgreSQL has no %q", auth.ErrUnknownDatabase, db)
	case pgErr.Code == insufficientPrivilege:
		return &problem{ErrNotGranted, fmt.Sprintf("database %q: the role %q lacks a right; run the SQL that `odoobridge grants --keys --role %[2]s` prints, "+
			"as the owner of the tables", db, k.server.Role()), err}
	case pgErr.Code == lockNotAvailable:
		return &problem{ErrBusy, fmt.Sprintf("database %q: another transaction has held the keys for too long; nothing was changed, try again", db), err}
	case pgErr.Code == uniqueViolation:
		return &problem{ErrDuplicate, fmt.Sprintf("database %q: there is one of that name already (constraint %s)", db, pgErr.Constraint), nil}
	case pgErr.Code == foreignKeyViolation:
		return &problem{ErrInUse, fmt.Sprintf("database %q: records of another table refer to the key (constraint %s); archive it instead", db, pgErr.Constraint), nil}
	}
	return fmt.Errorf("database %q: %w", db, err)
}
