package rpc

import (
	"bytes"
	"cmp"
	"unicode/utf8"
)

// entities are the general entities that a DOCTYPE declares. Internal ones of plain text are resolved as expat does,
// within a bound; external ones are never fetched and stand for nothing (px.xxe.xml2).
type entities struct {
	byName  map[string]*entity
	lenient bool // with an external subset, an unknown entity may be declared there: expat skips it
	used    bool // some reference was to one of these: the document must be rewritten
	size    int  // of all expansions so far
}

type entity struct {
	text     []byte // replacement text
	external bool
	unparsed bool
	open     bool // being expanded
}

// maxExpansion bounds, in bytes, what the entities of one document may expand to.
const maxExpansion = 64 << 10

// entityFault is expat's word for what is wrong with a reference, or ours.
type entityFault string

const (
	entityUndefined  entityFault = undefinedEntity
	entityRecursive  entityFault = "recursive entity reference"
	entityUnparsed   entityFault = "reference to binary entity"
	entityExternal   entityFault = "reference to external entity in attribute"
	entityMalformed  entityFault = notWellFormed
	entityBadCharRef entityFault = badCharRef
	entityTooLarge   entityFault = "limit on input amplification factor (from DTD and entities) breached"
	entityMarkup     entityFault = "refused: an entity with markup in it; write its text in place"
)

func (x *xmlScanner) entityError(pos int, f entityFault) *Error {
	if f == "" {
		return nil
	}
	return x.fail(pos, string(f))
}

// expand appends to dst the text that the entity name stands for.
func (es *entities) expand(dst, name []byte, inAttribute bool) ([]byte, entityFault) {
	es.used = true
	e := es.byName[string(name)]
	switch {
	case e == nil && es.lenient:
		return dst, ""
	case e == nil:
		return dst, entityUndefined
	case e.open:
		return dst, entityRecursive
	case e.unparsed:
		return dst, entityUnparsed
	case e.external && inAttribute:
		return dst, entityExternal
	case e.external:
		return dst, ""
	}
	e.open = true
	defer func() { e.open = false }()
	for text := e.text; len(text) > 0; {
		if text[0] == '<' {
			return dst, entityMarkup
		}
		if text[0] != '&' {
			n := bytes.IndexAny(text, "<&")
			if n < 0 {
				n = len(text)
			}
			if es.size += n; es.size > maxExpansion {
				return dst, entityTooLarge
			}
			dst = append(dst, text[:n]...)
			text = text[n:]
			continue
		}
		inner := xmlScanner{unmarshaller: unmarshaller{doc: text}}
		end, err := inner.referenceEnd(0, 0)
		if err != nil {
			return dst, entityMalformed
		}
		var fault entityFault
		if dst, fault = es.expandReference(dst, text[1:end-1], inAttribute); fault != "" {
			return dst, fault
		}
		text = text[end:]
	}
	return dst, ""
}

func (es *entities) expandReference(dst, name []byte, inAttribute bool) ([]byte, entityFault) {
	if es.size++; es.size > maxExpansion {
		return dst, entityTooLarge
	}
	if name[0] == '#' {
		r, ok := charRef(name)
		if !ok {
			return dst, entityBadCharRef
		}
		return utf8.AppendRune(dst, r), ""
	}
	if c, ok := predefinedEntity(name); ok {
		return append(dst, c), ""
	}
	return es.expand(dst, name, inAttribute)
}

// doctype reads the document type declaration at pos.
func (x *xmlScanner) doctype() *Error {
	x.entities = &entities{byName: map[string]*entity{}}
	d := dtdScanner{xmlScanner: x, start: x.pos, i: x.pos + len("<!DOCTYPE")}
	return d.read()
}

// dtdScanner reads a DOCTYPE with nothing in it but general entities; other declarations are refused, since no client
// of XML-RPC writes any.
type dtdScanner struct {
	*xmlScanner
	start int // of the declaration, for errors
	i     int
}

func (d *dtdScanner) read() *Error {
	if d.blank() != nil {
		d.i = d.start
		return d.bad()
	}
	if _, err := d.word(); err != nil {
		return err
	}
	hasID, err := d.externalID()
	if err != nil {
		return err
	}
	d.xmlScanner.entities.lenient = hasID
	if d.peek() == '[' {
		d.i++
		if err := d.subset(); err != nil {
			return err
		}
	}
	if d.peek() != '>' {
		return d.bad()
	}
	d.pos = d.i + 1
	return nil
}

// peek skips white space and returns the next byte, 0 at the end.
func (d *dtdScanner) peek() byte {
	if d.i = d.blanks(d.i); d.i >= len(d.doc) {
		return 0
	}
	return d.doc[d.i]
}

// bad is the error for what stands at i.
func (d *dtdScanner) bad() *Error {
	if d.i >= len(d.doc) {
		return d.fail(len(d.doc), noElement)
	}
	return d.fail(d.i, syntaxError)
}

// blank passes white space, which must be there.
func (d *dtdScanner) blank() *Error {
	before := d.i
	if d.peek(); d.i == before {
		return d.bad()
	}
	return nil
}

func (d *dtdScanner) word() ([]byte, *Error) {
	start := d.i
	end, err := d.name(d.i, d.start)
	d.i = max(end, start)
	return d.doc[start:d.i], err
}

// literal reads a quoted text, whatever is in it.
func (d *dtdScanner) literal() ([]byte, *Error) {
	quote := d.peek()
	if quote != '"' && quote != '\'' {
		return nil, d.bad()
	}
	first := d.i + 1
	for i := first; i < len(d.doc); {
		if d.doc[i] == quote {
			d.i = i + 1
			return d.doc[first:i], nil
		}
		n, err := d.tokenChar(i, d.start)
		if err != nil {
			return nil, err
		}
		i += n
	}
	return nil, d.fail(d.i, unclosedToken)
}

// externalID reads SYSTEM "..." or PUBLIC "..." "...", if it is there.
func (d *dtdScanner) externalID() (found bool, err *Error) {
	c := d.peek()
	if c != 'S' && c != 'P' {
		return false, nil
	}
	at := d.i
	word, err := d.word()
	if err != nil {
		return false, err
	}
	switch string(word) {
	case "PUBLIC":
		id, err := d.blankLiteral()
		if err != nil {
			return false, err
		}
		if len(bytes.Trim(id, publicIDChars)) > 0 {
			return false, d.fail(d.i-len(id)-len(`""`), "illegal character(s) in public id")
		}
	case "SYSTEM":
	default:
		return false, d.fail(at, syntaxError)
	}
	_, err = d.blankLiteral()
	return true, err
}

// publicIDChars are what a public identifier may consist of.
const publicIDChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \r\n-'()+,./:=?;!*#@$_%"

// blankLiteral reads a quoted text with white space before it.
func (d *dtdScanner) blankLiteral() ([]byte, *Error) {
	if err := d.blank(); err != nil {
		return nil, err
	}
	return d.literal()
}

// subset reads the internal subset behind its bracket.
func (d *dtdScanner) subset() *Error {
	for {
		c := d.peek()
		rest := d.doc[min(d.i, len(d.doc)):]
		var err *Error
		switch {
		case c == ']':
			d.i++
			return nil
		case bytes.HasPrefix(rest, []byte("<!--")), bytes.HasPrefix(rest, []byte("<?")):
			d.pos = d.i
			_, err = d.misc(misplacedXML)
			d.i = d.pos
		case bytes.HasPrefix(rest, []byte("<!ENTITY")):
			d.i += len("<!ENTITY")
			err = d.entity()
		case bytes.HasPrefix(rest, []byte("<!")) || c == '%':
			return refused("a DOCTYPE that declares more than general entities; leave it out")
		default:
			return d.bad()
		}
		if err != nil {
			return err
		}
	}
}

// entity reads an entity's declaration behind its keyword. The first one of a name counts.
func (d *dtdScanner) entity() *Error {
	if err := d.blank(); err != nil {
		return err
	}
	if d.peek() == '%' {
		return refused("a DOCTYPE that declares a parameter entity; leave it out")
	}
	name, err := d.word()
	if err != nil {
		return err
	}
	if err := d.blank(); err != nil {
		return err
	}
	e := &entity{}
	if c := d.peek(); c == '"' || c == '\'' {
		literal, err := d.literal()
		if err != nil {
			return err
		}
		if e.text, err = d.replacement(literal); err != nil {
			return err
		}
	} else {
		if e.external, err = d.externalID(); err != nil {
			return err
		}
		if !e.external {
			return d.bad()
		}
		behind := d.i
		if d.peek() == 'N' { // NDATA name
			if e.unparsed = true; d.i == behind {
				return d.bad()
			}
			at := d.i
			if word, err := d.word(); err != nil || string(word) != "NDATA" {
				return cmp.Or(err, d.fail(at, syntaxError))
			}
			if err := d.blank(); err != nil {
				return err
			}
			if _, err := d.word(); err != nil {
				return err
			}
		}
	}
	if d.peek() != '>' {
		return d.bad()
	}
	d.i++
	if _, declared := d.entities.byName[string(name)]; !declared {
		d.entities.byName[string(name)] = e
	}
	return nil
}

// replacement is an entity's literal with line ends and character references resolved; other references stay.
func (d *dtdScanner) replacement(literal []byte) ([]byte, *Error) {
	if bytes.IndexByte(literal, '%') >= 0 {
		return nil, refused("an entity with a parameter entity in it; write its text in place")
	}
	var out []byte
	inner := xmlScanner{unmarshaller: unmarshaller{doc: literal}}
	for i := 0; i < len(literal); {
		if literal[i] != '&' {
			n := bytes.IndexByte(literal[i:], '&')
			if n < 0 {
				n = len(literal) - i
			}
			out = appendLines(out, literal[i:i+n])
			i += n
			continue
		}
		end, err := inner.referenceEnd(i, i)
		if err != nil {
			return nil, d.fail(d.start, notWellFormed)
		}
		if literal[i+1] == '#' {
			r, ok := charRef(literal[i+1 : end-1])
			if !ok {
				return nil, d.fail(d.start, badCharRef)
			}
			out = utf8.AppendRune(out, r)
		} else {
			out = append(out, literal[i:end]...)
		}
		i = end
	}
	return out, nil
}

// rewrite appends a checked document that begins at its root element: references to its entities become their
// text. Those in attributes, which mean nothing in XML-RPC, are dropped.
func (es *entities) rewrite(dst, doc []byte) []byte {
	inTag, quote := false, byte(0)
	for i := 0; i < len(doc); {
		c := doc[i]
		switch {
		case c == '&':
			end := i + bytes.IndexByte(doc[i:], ';') + 1
			name := doc[i+1 : end-1]
			_, predefined := predefinedEntity(name)
			switch {
			case name[0] == '#' || predefined:
				dst = append(dst, doc[i:end]...)
			case !inTag:
				text, _ := es.expand(nil, name, false)
				dst = appendXMLText(dst, string(text))
			}
			i = end
			continue
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case inTag && (c == '"' || c == '\''):
			quote = c
		case inTag:
			inTag = c != '>'
		case c == '<':
			if next := doc[i+1]; next != '!' && next != '?' {
				inTag = true
				break
			}
			_, rest := cutMarkup(doc[i:])
			dst = append(dst, doc[i:len(doc)-len(rest)]...)
			i = len(doc) - len(rest)
			continue
		}
		dst = append(dst, c)
		i++
	}
	return dst
}
