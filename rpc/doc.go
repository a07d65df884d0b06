/*
Package rpc is the wire: Odoo's JSON-RPC, XML-RPC and JSON-2 as bytes. It reads a request into an [Envelope] whose arguments are
spans of the body, writes a canonical request with [AppendCall], and writes the answers that are not Odoo's own, with
[ErrorReply], [ResultReply] and [PageReply]. It knows no database, no user and no route.

What follows describes the wire well enough to write a client from it. A name such as pj.dup.id is a recorded exchange of
unmodified Odoo 15, 18 and 19 (package fixtures/conformance), which the tests replay. Series 16 and 17 are not recorded;
rpc.go says what is assumed of them.

# A call

Every call names a service, one of the service's methods, and positional arguments:

	common.version()                                      what the server is
	common.login(db, login, password)                     the user's id, or false
	common.authenticate(db, login, password, env)         the same; env is {}, and some clients send [] or ""
	object.execute_kw(db, uid, password, model, method, args, kwargs)
	object.execute(db, uid, password, model, method, arg...)
	db.list(), db.db_exist(db), db.server_version() ...   the rest of db takes the master password first

Both protocols carry it with POST, and both are answered 200 whether the call succeeds or raises; other statuses come
from the HTTP layer and are pages (below), or from the bridge itself: 413, 429, 502, 503 and 504 keep the protocol's
error body and may carry Retry-After.

# JSON-RPC

POST /jsonrpc with Content-Type application/json or application/json-rpc, parameters allowed. The body:

	{"jsonrpc": "2.0", "method": "call", "params": {"service": S, "method": M, "args": [A...]}, "id": I}

"jsonrpc" and the outer "method" are not looked at and may be missing, as may "id"; unknown members are passed over
(pj.method.other, pj.params.extra). Batches are not served (pj.array).

The text is what Python's json.loads takes: RFC 8259, and also NaN, Infinity and -Infinity. Of equal names in one object
the last counts (pj.dup.service, pj.dup.params). A byte order mark, other encodings than UTF-8 and compressed bodies are
refused (pj.invalid.bom, pj.utf16, pj.gzip). Bytes that are not UTF-8 are read as U+FFFD, one for each longest beginning
of a character (pj.invalid.utf8); up to 15 they are refused. Integers have any size, up to 4300 digits. Nesting is
bounded by [MaxJSONDepth].

The answer has the id as Python prints it again: 1E5 comes back as 100000.0, 1.0000000000000001e25 as 1e+25, an object
with its members in order, an absent id as null (pj.id.*). A result:

	{"jsonrpc": "2.0", "id": I, "result": R}

with Content-Type "application/json; charset=utf-8" and X-Content-Type-Options: nosniff; up to 15 the type is
"application/json", there is no nosniff, and characters beyond ASCII are escaped. A method that returns None is answered
without "result" (errors.none.json). An error, never marked nosniff:

	{"jsonrpc": "2.0", "id": I, "error": {"code": 200, "message": "Odoo Server Error", "data": {
	    "name": "odoo.exceptions.AccessDenied", "debug": "Traceback...", "message": "Access Denied",
	    "arguments": ["Access Denied"], "context": {}}}}

"code" is 200 up to 18 and 0 in 19, where "debug" is the last member of "data". "name" is the exception's Python class
with its module, "message" what it says, "arguments" its arguments, "debug" a traceback. Errors before the call:

	body                                     up to 15           16 and later
	no JSON                                  400 page, quoted   400, the text "Invalid JSON data"
	JSON, but no object                      500 page           400, the text "Invalid JSON-RPC data"
	"params" null, a number, a string...     500 page           TypeError, ValueError: what dict(params) raises
	service, method or args missing          TypeError          TypeError; the class is RPC, in 19 JSONRPC
	nested too deeply                        500 page           RecursionError, id null
	another service                          UnboundLocalError  KeyError of the service

"params" may also be a list of pairs, and "args" whatever Python can unpack with *: the names of an object, the characters
of a string (pj.params.argsdict, pj.params.argsstring). [Envelope] gives such arguments as what they are unpacked to.

# XML-RPC

POST /xmlrpc/2/{service} or /xmlrpc/{service}; the second tells of errors with strings. The service stands in the path
only. Content-Type does not matter, except that a form's body is not seen (px.ct.form.xml2).

	<?xml version='1.0'?>
	<methodCall>
	<methodName>M</methodName>
	<params>
	<param>
	<value>V</value>
	</param>
	</params>
	</methodCall>

A V is one of:

	<nil/>                                              None
	<boolean>1</boolean>                                0 or 1, nothing else
	<int>, <i1>, <i2>, <i4>, <i8>, <biginteger>         an integer of any size; blanks, "+" and "_" as in int("...")
	<double>, <float>                                   as float("..."): 1e-3, inf, nan
	<bigdecimal>                                        Decimal
	<string>text</string>, or text alone                a string; an empty <value/> is the empty string
	<dateTime.iso8601>20240229T12:34:56</...>           from 18 on a datetime, in this form only; before, any text
	<base64>aGVsbG8=</base64>                           bytes; what is not in the alphabet is passed over
	<array><data><value>V</value>...</data></array>     list
	<struct><member><name>N</name><value>V</value></member>...</struct>   dict; of equal names the last counts

The document is read as expat does, without namespaces (what stands before a colon in a name is passed over), and handed
to xmlrpc.client's Unmarshaller, which looks only at where elements end: <data>, <member>, <param>, <params> and even
<methodCall> may be missing or twice, text beside a typed element is passed over, attributes mean nothing. A request
without methodName has the method None (px.nomethod.xml2); one without methodName, params and fault is refused with
ResponseError() (px.root.xml1); a fault sent as a request is raised (px.fault.xml1). Comments, processing instructions and
CDATA sections are as in all XML.

Encodings: UTF-8 with or without byte order mark, UTF-16, and what the declaration names: ISO-8859-1, US-ASCII and the
single-byte encodings in common use; others are a LookupError. A DOCTYPE may declare general entities, which are resolved
if they are plain text, up to 64 KiB in all; an external one is never fetched and stands for nothing (px.xxe.xml2).

Three things that Python reads are refused here, since no span of them means by itself what it means in its place, and
sending one on would let a caller show Odoo another call than the one that was checked: an element with a value inside a
scalar, <methodName>, <params> or <fault> inside a value, and DTDs beyond entities of text. So are elements nested more
than [MaxXMLDepth] deep. Such a refusal is a ResponseError whose message begins with "refused: ".

The answer is Content-Type "text/xml; charset=utf-8", from 16 on with nosniff, in 19 not for faults:

	<?xml version="1.0"?>
	<methodResponse>
	<params>
	<param>
	<value>V</value>
	</param>
	</params>

	</methodResponse>

Up to 17 the declaration is in single quotes and there is no empty line. None cannot be written from 18 on: the answer is a
fault, TypeError; before it is <nil/> (errors.none.xml1). Integers beyond 32 bits are a fault too, OverflowError. Of
strings the control characters that XML can't have are left out (write.read.control.xml2), a carriage return stands as it is,
and U+FFFE and U+FFFF, with which Odoo's answer is unreadable, are U+FFFD here. A fault
has <fault> with a struct of faultCode and faultString in place of <params>:

	exception                               /xmlrpc/2: code, string   /xmlrpc: code, string
	AccessDenied                            3, message                "AccessDenied", message
	AccessError                             4, message                "warning -- AccessError\n\n" and message, ""
	MissingError                            2, message                "warning -- MissingError\n\n" and message, ""
	UserError, ValidationError, LockError   2, message                "warning -- UserError\n\n" and message, ""
	RedirectWarning                         2, message                "warning -- Warning\n\n" and message, ""
	any other                               1, traceback              message, traceback

A traceback begins with "Traceback (most recent call last):" and ends with the class and what it says; classes of Python
itself stand without their module there: "ValueError: ...", "xml.parsers.expat.ExpatError: mismatched tag: line 1, column 33".

# JSON-2

Odoo 19 has POST /json/2/{model}/{method}, one method of a model a path. Content-Type is application/json, or there is no body
at all (json2.empty.noct); X-Odoo-Database names the database, Authorization: Bearer the caller by a native key. The body is
an object: "ids" are the records the method is called on, "context" their context, all other members the method's arguments
by name. A body that is JSON but no object says nothing (json2.array). The answer is the result, or

	{"name": "odoo.exceptions.UserError", "message": "...", "arguments": ["..."], "context": {}, "debug": "Traceback..."}

with a status: 422 for UserError and ValidationError, 403 for AccessError and AccessDenied, 404 for MissingError, 409 for
LockError, 500 for all else. The exceptions of the HTTP layer have the names of werkzeug's, and their status behind the text in
"arguments":

	400  BadRequest            a body that is no JSON, in the words of Python's json (json2.invalid)
	401  Unauthorized          no key, or one that does not hold, with WWW-Authenticate (json2.badbearer)
	404  NotFound              an unknown model or method (json2.method); whatever below /json/2 is no call (json2.get)
	422  UnprocessableEntity   arguments the method does not take, or ids for a method of the model (json2.search.missing)

Another Content-Type is answered with a page, 415 (json2.ct.form), another database with the 404 page of one that is not
selected (json2.db.wrong).

# Pages

The HTTP layer answers in HTML: 404 for a path it does not know, 405 with Allow for another method than POST to /xmlrpc,
400 (19: 415 with Accept) for another Content-Type than JSON to /jsonrpc, 500 for what it did not foresee. See [Page].
*/
package rpc
