package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// ruleSQL is the condition that the record rules put on a model: all global rules, and one of those of the user's groups.
// The rules of a model that it inherits from count too.
func (e *env) ruleSQL(w *where, m *model, alias, operation string) (string, error) {
	if e.su {
		return "TRUE", nil
	}
	companies, err := e.companies()
	if err != nil {
		return "", err
	}
	all, some := andDomain{boolDomain(true)}, orDomain{}
	for _, rule := range m.rules {
		applies := map[string]bool{"read": rule.read, "write": rule.write, "create": rule.create, "unlink": rule.unlink}[operation]
		mine := slices.ContainsFunc(rule.groups, func(g int64) bool { return e.user.groups[g] })
		if !applies || len(rule.groups) > 0 && !mine {
			continue
		}
		value, err := evaluate(rule.domain, e.ruleNames(companies))
		if err != nil {
			return "", fmt.Errorf("record rule %q of %s: %w", rule.domain, m.name, err)
		}
		d, err := parseDomain(value, e.series)
		if err != nil {
			return "", err
		}
		if len(rule.groups) == 0 {
			all = append(all, d)
		} else {
			some = append(some, d)
		}
	}
	if len(some) > 0 {
		all = append(all, some)
	}
	sql := "TRUE"
	if len(all) > 0 {
		sql, err = w.as(e.superuser(), func() (string, error) { return w.compile(m, alias, all) })
	}
	if err != nil || m.inherits == "" {
		return sql, err
	}
	return e.inheritedRuleSQL(w, m, alias, operation, sql)
}

// inheritedRuleSQL adds the rules of the record that a model inherits from: users are withheld with their partners.
func (e *env) inheritedRuleSQL(w *where, m *model, alias, operation, sql string) (string, error) {
	parent := e.models[m.fields[m.inherits].comodel]
	inner := w.alias()
	rule, err := e.ruleSQL(w, parent, inner, operation)
	if err != nil || rule == "TRUE" {
		return sql, err
	}
	return fmt.Sprintf("(%s) AND %s.%s IN (SELECT %s.id FROM %s %[4]s WHERE %[6]s)", sql, alias, quote(m.inherits), inner, quote(parent.table), rule), nil
}

// ruleNames are the names that the expressions of rules use.
func (e *env) ruleNames(companies []int64) map[string]any {
	return map[string]any{
		"company_ids":                   ints(companies),
		"company_id":                    e.user.companyID,
		"user.id":                       e.uid,
		"user.company_id.id":            e.user.companyID,
		"user.commercial_partner_id.id": e.user.commercialPartner,
		"user.partner_id.commercial_partner_id.id": e.user.commercialPartner,
		"True":  true,
		"False": false,
		"None":  nil,
	}
}

// allowed are those of the ids that exist and that the rules let the user have.
func (e *env) allowed(m *model, ids []int64, operation string) ([]int64, error) {
	w := &where{env: e}
	list := w.arg(pq.Array(ids))
	rule, err := e.ruleSQL(w, m, "t0", operation)
	if err != nil {
		return nil, err
	}
	return e.ids("SELECT t0.id FROM "+quote(m.table)+" t0 WHERE t0.id = ANY ("+list+") AND ("+rule+")", w.args...)
}

// existing are those of the ids that are there.
func (e *env) existing(m *model, ids []int64) ([]int64, error) {
	if !m.stored {
		return nil, nil
	}
	return e.ids("SELECT id FROM "+quote(m.table)+" WHERE id = ANY ($1) ORDER BY id", pq.Array(ids))
}

// evaluate reads the Python expression of a record rule: literals, lists, tuples, dotted names and "+".
func evaluate(text string, names map[string]any) (any, error) {
	p := expression{text: text, names: names}
	v, err := p.sum()
	if err == nil && p.peek() != 0 {
		err = fmt.Errorf("unexpected %q", p.text[p.at:])
	}
	return v, err
}

type expression struct {
	text  string
	at    int
	names map[string]any
}

// peek skips white space and is the next byte, 0 at the end.
func (p *expression) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *expression) sum() (any, error) {
	v, err := p.term()
	for err == nil && p.peek() == '+' {
		p.at++
		var more any
		if more, err = p.term(); err == nil {
			left, _ := v.([]any)
			right, _ := more.([]any)
			v = slices.Concat(left, right)
		}
	}
	return v, err
}

func (p *expression) term() (any, error) {
	switch c := p.peek(); {
	case c == '[' || c == '(':
		p.at++
		list, err := p.list(map[byte]byte{'[': ']', '(': ')'}[c])
		return list, err
	case c == '\'' || c == '"':
		end := strings.IndexByte(p.text[p.at+1:], c)
		if end < 0 {
			return nil, fmt.Errorf("unterminated string")
		}
		s := p.text[p.at+1 : p.at+1+end]
		p.at += end + 2
		return s, nil
	}
	start := p.at
	for p.at < len(p.text) && (p.text[p.at] == '_' || p.text[p.at] == '.' || p.text[p.at] >= '0' && p.text[p.at] <= '9' ||
		p.text[p.at]|0x20 >= 'a' && p.text[p.at]|0x20 <= 'z') {
		p.at++
	}
	word := p.text[start:p.at]
	if v, ok := p.names[word]; ok {
		return v, nil
	}
	if n, err := toInt(word); err == nil && word != "" {
		return n, nil
	}
	return nil, fmt.Errorf("unknown name %q", word)
}

func (p *expression) list(end byte) ([]any, error) {
	list := []any{}
	for p.peek() != end {
		v, err := p.sum()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch p.peek() {
		case ',':
			p.at++
		case end:
		default:
			return nil, fmt.Errorf("expected %q in %q", end, p.text)
		}
	}
	p.at++
	return list, nil
}
