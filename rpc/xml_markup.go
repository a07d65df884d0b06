package rpc

import "bytes"

// comment passes the comment at pos.
func (x *xmlScanner) comment() *Error {
	start := x.pos
	i := start + 3
	if i < len(x.doc) && x.doc[i] != '-' {
		return x.failChar(i, start)
	}
	for i++; i < len(x.doc); {
		if x.doc[i] != '-' {
			n, err := x.tokenChar(i, start)
			if err != nil {
				return err
			}
			i += n
			continue
		}
		i++
		if i >= len(x.doc) || x.doc[i] != '-' {
			continue
		}
		i++
		if i >= len(x.doc) {
			break
		}
		if x.doc[i] != '>' { // "--" only ends a comment
			return x.fail(i, notWellFormed)
		}
		x.pos = i + 1
		return nil
	}
	return x.fail(start, unclosedToken)
}

// tokenChar is the length of the character at i inside the token that starts at token.
func (x *xmlScanner) tokenChar(i, token int) (int, *Error) {
	if x.cutOff(i) {
		return 0, x.fail(token, partialChar)
	}
	return x.charLen(i)
}

// instruction passes the processing instruction at pos. A target "xml" is a declaration in the wrong place, which
// misplaced says.
func (x *xmlScanner) instruction(misplaced string) *Error {
	start := x.pos
	end, target, err := x.instructionEnd(start)
	if err != nil {
		return err
	}
	if string(target) == "xml" {
		return x.fail(start, misplaced)
	}
	x.pos = end
	return nil
}

// instructionEnd finds the end and the target of the processing instruction at start.
func (x *xmlScanner) instructionEnd(start int) (end int, target []byte, err *Error) {
	i, err := x.name(start+2, start)
	if err != nil {
		return 0, nil, err
	}
	target = x.doc[start+2 : i]
	if bytes.EqualFold(target, []byte("xml")) && string(target) != "xml" {
		return 0, nil, x.fail(i, notWellFormed)
	}
	if x.doc[i] == '?' {
		if i+1 >= len(x.doc) {
			return 0, nil, x.fail(start, unclosedToken)
		}
		if x.doc[i+1] != '>' {
			return 0, nil, x.failChar(i+1, start)
		}
		return i + 2, target, nil
	}
	if !isBlank(x.doc[i]) {
		return 0, nil, x.failChar(i, start)
	}
	for i < len(x.doc) {
		if x.doc[i] == '?' && i+1 < len(x.doc) && x.doc[i+1] == '>' {
			return i + 2, target, nil
		}
		n, err := x.tokenChar(i, start)
		if err != nil {
			return 0, nil, err
		}
		i += n
	}
	return 0, nil, x.fail(start, unclosedToken)
}

// cdata passes the CDATA section at pos.
func (x *xmlScanner) cdata() *Error {
	start := x.pos
	const open = "<![CDATA["
	if start+len(open) > len(x.doc) {
		return x.fail(start, unclosedToken)
	}
	for i := 3; i < len(open); i++ {
		if x.doc[start+i] != open[i] {
			return x.fail(start+i, notWellFormed)
		}
	}
	i := start + len(open)
	for i < len(x.doc) {
		if x.doc[i] == ']' && bytes.HasPrefix(x.doc[i:], []byte("]]>")) {
			x.pos = i + 3
			return nil
		}
		n, err := x.charLen(i)
		if err != nil {
			return err
		}
		i += n
	}
	for _, open := range []string{"]]", "]", "\r"} { // what may go on to be the end, or a line's, is not read yet
		if bytes.HasSuffix(x.doc[start+len("<![CDATA["):], []byte(open)) {
			return x.fail(len(x.doc)-len(open), "unclosed CDATA section")
		}
	}
	return x.fail(len(x.doc), "unclosed CDATA section")
}
