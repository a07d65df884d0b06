package sandbox

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// literal is a value as psycopg2 writes it into a statement. Domains are compiled to text with literals and not to
// parameters because the types that PostgreSQL finds in them decide which errors a caller sees.
func literal(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		if v < 0 {
			return fmt.Sprintf(" %d", v), nil
		}
		return strconv.FormatInt(v, 10), nil
	case *big.Int:
		return v.String(), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "'" + strconv.FormatFloat(v, 'f', -1, 64) + "'::float", nil
		}
		if v < 0 {
			return " " + floatRepr(v), nil
		}
		return floatRepr(v), nil
	case string:
		if strings.ContainsRune(v, 0) {
			return "", valueError("A string literal cannot contain NUL (0x00) characters.")
		}
		return pq.QuoteLiteral(v), nil
	case bytes:
		return fmt.Sprintf(`'\x%x'::bytea`, []byte(v)), nil
	case dateTime:
		return pq.QuoteLiteral(v.str) + "::timestamp", nil
	case []any:
		if len(v) == 0 {
			return "'{}'", nil
		}
		list, err := literals(v)
		return "ARRAY[" + list + "]", err
	case tuple:
		list, err := literals(v)
		return "(" + list + ")", err
	}
	return "", newError("psycopg2.ProgrammingError", "can't adapt type '"+typeName(v)+"'")
}

// literals is a list of literals, separated by commas.
func literals(list []any) (string, error) {
	parts := make([]string, len(list))
	for i, v := range list {
		var err error
		if parts[i], err = literal(v); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, ", "), nil
}

// comparable is a value as a condition compares it with a field's column (convert_to_column without validation).
func (e *env) comparable(m *model, f *field, v any) (any, error) {
	empty := v == nil || v == false
	switch f.kind {
	case "boolean":
		return truthy(v), nil
	case "integer":
		if f.name == "id" && e.series >= 19 {
			return v, nil
		}
		if f.name == "id" {
			break
		}
		if !truthy(v) {
			return int64(0), nil
		}
		return toInt(v)
	case "float", "monetary":
		if !truthy(v) {
			v = 0.0
		}
		n, err := toFloat(v)
		if err != nil {
			return nil, err
		}
		digits, limited := m.digits[f.name]
		if !limited {
			return n, nil
		}
		n, err = e.round(m, f, n)
		return strconv.FormatFloat(n, 'f', digits, 64), err
	case "many2one":
		if !truthy(v) {
			return nil, nil
		}
		return v, nil
	case "html":
		if empty {
			return nil, nil
		}
		return sanitizeHTML(str(v)), nil
	}
	if empty {
		return nil, nil
	}
	return str(v), nil
}

// compared is the literal of a value that is compared with a field's column.
func (e *env) compared(m *model, f *field, v any) (string, error) {
	converted, err := e.comparable(m, f, v)
	if err != nil {
		return "", err
	}
	return literal(converted)
}

func (f *field) isNumber() bool {
	return f.name != "id" && (f.kind == "integer" || f.kind == "float" || f.kind == "monetary")
}

func (f *field) isText() bool { return f.kind == "char" || f.kind == "text" || f.kind == "html" }

func (f *field) relational() bool {
	return f.kind == "many2one" || f.kind == "one2many" || f.kind == "many2many"
}
