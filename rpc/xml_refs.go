package rpc

import "bytes"

// reference reads the reference at pos, in content.
func (x *xmlScanner) reference() *Error {
	start := x.pos
	end, err := x.referenceEnd(start, start)
	if err != nil {
		return err
	}
	x.pos = end
	return x.resolve(start, end, start)
}

// referenceEnd passes the reference at start, in a token that begins at token.
func (x *xmlScanner) referenceEnd(start, token int) (int, *Error) {
	i := start + 1
	if i < len(x.doc) && x.doc[i] == '#' {
		i++
		isDigit := isDecimal
		if i < len(x.doc) && x.doc[i] == 'x' {
			i++
			isDigit = isHex
		}
		first := i
		for i < len(x.doc) && isDigit(x.doc[i]) {
			i++
		}
		if i < len(x.doc) && (i == first || x.doc[i] != ';') {
			return 0, x.fail(i, notWellFormed)
		}
	} else {
		var err *Error
		if i, err = x.name(i, token); err != nil {
			return 0, err
		}
	}
	if i >= len(x.doc) {
		return 0, x.fail(token, unclosedToken)
	}
	if x.doc[i] != ';' {
		return 0, x.failChar(i, token)
	}
	return i + 1, nil
}

func isDecimal(c byte) bool { return c-'0' <= 9 }
func isHex(c byte) bool     { return c-'0' <= 9 || c|0x20-'a' <= 5 }

// resolve checks that the reference from start to end stands for something, in a token that begins at token: content,
// where it is the reference itself, or a start tag.
func (x *xmlScanner) resolve(start, end, token int) *Error {
	name := x.doc[start+1 : end-1]
	if name[0] == '#' {
		if _, ok := charRef(name); !ok {
			return x.fail(start, badCharRef)
		}
		return nil
	}
	if _, ok := predefinedEntity(name); ok {
		return nil
	}
	if x.entities == nil {
		return x.fail(token, undefinedEntity)
	}
	_, fault := x.entities.expand(nil, name, token < start)
	return x.entityError(token, fault)
}

// maxAttributes bounds the attributes of one element. XML-RPC has none; a declaration of namespaces is what comes.
const maxAttributes = 32

// attributes passes the attributes of a start tag whose name ends at i, and returns where its ">" or "/>" begins. First
// the token is read to its end, then its parts are looked at: expat's errors come in that order.
func (x *xmlScanner) attributes(start, i int) (int, *Error) {
	var spans [maxAttributes]struct{ name, nameEnd, value, valueEnd int }
	n := 0
	for {
		blank := i
		i = x.blanks(i)
		if i >= len(x.doc) {
			return 0, x.fail(start, unclosedToken)
		}
		if x.doc[i] == '>' {
			break
		}
		if x.doc[i] == '/' {
			if i+1 >= len(x.doc) {
				return 0, x.fail(start, unclosedToken)
			}
			if x.doc[i+1] != '>' {
				return 0, x.fail(i+1, notWellFormed)
			}
			break
		}
		if i == blank { // attributes stand apart
			return 0, x.failChar(i, start)
		}
		if n == maxAttributes {
			return 0, refused("an element with more than %d attributes; they mean nothing, leave them out", maxAttributes)
		}
		a := &spans[n]
		n++
		var err *Error
		a.name = i
		if a.nameEnd, err = x.name(i, start); err != nil {
			return 0, err
		}
		if a.value, err = x.attributeQuote(a.nameEnd, start); err != nil {
			return 0, err
		}
		if a.valueEnd, err = x.attributeEnd(a.value, start); err != nil {
			return 0, err
		}
		i = a.valueEnd + 1
	}
	for k := range spans[:n] {
		a := &spans[k]
		for _, b := range spans[:k] {
			if bytes.Equal(x.doc[a.name:a.nameEnd], x.doc[b.name:b.nameEnd]) {
				return 0, x.fail(a.name, "duplicate attribute")
			}
		}
		if err := x.attributeReferences(a.value, a.valueEnd, start); err != nil {
			return 0, err
		}
	}
	return i, nil
}

// attributeQuote passes "=" and the opening quote behind an attribute's name.
func (x *xmlScanner) attributeQuote(i, token int) (int, *Error) {
	i = x.blanks(i)
	if i < len(x.doc) && x.doc[i] != '=' {
		return 0, x.failChar(i, token)
	}
	i = x.blanks(i + 1)
	if i >= len(x.doc) {
		return 0, x.fail(token, unclosedToken)
	}
	if c := x.doc[i]; c != '"' && c != '\'' {
		return 0, x.failChar(i, token)
	}
	return i + 1, nil
}

// attributeEnd finds the closing quote of the value that begins at i.
func (x *xmlScanner) attributeEnd(i, token int) (int, *Error) {
	quote := x.doc[i-1]
	for i < len(x.doc) {
		var err *Error
		n := 1
		switch c := x.doc[i]; c {
		case quote:
			if i+1 < len(x.doc) {
				if next := x.doc[i+1]; !isBlank(next) && next != '>' && next != '/' {
					return 0, x.failChar(i+1, token)
				}
			}
			return i, nil
		case '<':
			return 0, x.fail(i, notWellFormed)
		case '&':
			var end int
			end, err = x.referenceEnd(i, token)
			n = end - i
		default:
			n, err = x.tokenChar(i, token)
		}
		if err != nil {
			return 0, err
		}
		i += n
	}
	return 0, x.fail(token, unclosedToken)
}

func (x *xmlScanner) attributeReferences(i, end, token int) *Error {
	for {
		n := bytes.IndexByte(x.doc[i:end], '&')
		if n < 0 {
			return nil
		}
		start := i + n
		i = start + bytes.IndexByte(x.doc[start:], ';') + 1
		if err := x.resolve(start, i, token); err != nil {
			return err
		}
	}
}
