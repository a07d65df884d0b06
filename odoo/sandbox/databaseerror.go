package sandbox

import (
	"errors"
	"strings"

	"github.com/lib/pq"
)

// PostgreSQL's codes of the violations that Odoo words itself.
const (
	notNullViolation    = "23502"
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
)

// databaseError is an error of PostgreSQL as a caller of Odoo sees it: a violated constraint as ValidationError, another
// one as psycopg2's exception.
func (e *env) databaseError(err error) error {
	var pg *pq.Error
	if !errors.As(err, &pg) {
		return err
	}
	m := e.byTable[pg.Table]
	switch {
	case m != nil && pg.Code == notNullViolation && m.fields[pg.Column] != nil:
		return e.notNull(m, m.fields[pg.Column])
	case m != nil && pg.Code == foreignKeyViolation:
		return e.foreignKey(m, pg.Constraint)
	case m != nil && pg.Code == uniqueViolation:
		return e.unique(m, pg.Constraint)
	}
	var class strings.Builder
	for _, word := range strings.Split(pg.Code.Name(), "_") {
		class.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return newError("psycopg2.errors."+class.String(), pg.Message+"\n")
}

// notNull, foreignKey and unique word the violations, by series (errors.notnull, write.create.badm2o, errors.unique).

func (e *env) notNull(m *model, f *field) error {
	const text = "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n" +
		"- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: "
	who := m.description + " (" + m.name + ")"
	what := "Field: " + f.label + " (" + f.name + ")"
	switch {
	case e.series < 16:
		return validationError(text + who + ", " + what)
	case e.series < 19:
		return validationError(text + who + "\n" + what + "\n")
	}
	return validationError("The operation cannot be completed: Missing required value for the field '" + f.label + "' (" + f.name +
		").\nModel: '" + m.description + "' (" + m.name + ")\n- create/update: a mandatory field is not set\n" +
		"- delete: another model requires the record being deleted, you can archive it instead\n")
}

func (e *env) foreignKey(m *model, constraint string) error {
	who := m.description + " (" + m.name + ")"
	switch {
	case e.series < 16:
		return validationError("The operation cannot be completed: another model requires the record being deleted. If possible, " +
			"archive it instead.\n\nModel: " + who + ", Constraint: " + constraint)
	case e.series < 19:
		return validationError("The operation cannot be completed: another model requires the record being deleted. If possible, " +
			"archive it instead.\n\nModel: " + who + "\nConstraint: " + constraint + "\n")
	}
	name := strings.TrimSuffix(strings.TrimPrefix(constraint, m.table+"_"), "_fkey")
	label := name
	if f := m.fields[name]; f != nil {
		label = f.label
	}
	return validationError("The operation cannot be completed: Another model is using the record you are trying to delete.\n\n" +
		"The troublemaker is: '" + m.description + "' (" + m.name + ")\nThanks to the following constraint: '" + label + "' (" + name +
		")\nHow about archiving the record instead?")
}

// foreignKeyOfRelation words the violated foreign key of a many2many's table, which is no model's.
func (e *env) foreignKeyOfRelation(constraint string) error {
	if e.series >= 19 {
		return validationError("The operation cannot be completed: Another model is using the record you are trying to delete.\n\n" +
			"The troublemaker is: Unknown\nThanks to the following constraint: " + constraint + "\nHow about archiving the record instead?")
	}
	name := "unknown"
	if e.series < 16 {
		name = "Unknown"
	}
	return e.foreignKey(&model{name: name, description: "Unknown"}, constraint)
}

func (e *env) unique(m *model, constraint string) error {
	message, known := m.attributes.unique[constraint]
	if !known {
		message = constraint
	}
	if e.series < 16 {
		return validationError(constraint) // it looks for a translation of the name, and English has none (errors.unique)
	}
	return validationError("The operation cannot be completed: " + message)
}
