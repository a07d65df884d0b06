package rpc_test

import "strings"

var jsonWords = []string{"null", "true", "NaN", "-Infinity", "1e5", "-0", "1E400", "12345678901234567890", `"id"`, `"params"`,
	`"service"`, `"args"`, `"x": 1, `, "{", "}", "[", "]", ",", ":", `"`, `\`, `\u00e9`, `\ud800`, `\udc00`, `\"`, "é", "\xff",
	"\xe2\x82", " ", "\n", "\x00", "0", ".", "-", "[]", "{}", `[["service", "common"]]`}

var xmlWords = []string{"<value>", "</value>", "<int>", "</int>", "<string>", "</string>", "<array>", "</array>", "<data/>",
	"<struct>", "</struct>", "<name>", "</name>", "<nil/>", "<x>", "</x>", "<x/>", "<x:int>", "<value/>", "<!-- c -->", "<!--", "-->", "--",
	"<?p d?>", "<?xml version='1.0'?>", "<?xml", "?>", "<![CDATA[", "]]>", "]]", "&lt;", "&#65;", "&#x10FFFF;", "&#0;", "&#xD800;",
	"&", "&x;", "<", ">", "/", "=", `"`, "'", ` a="1"`, ` a='&lt;'`, " ", "\r\n", "\r", "\n", "\t", "\x00", "\x7f", "é", "\xe9", "\xff",
	"\xc3", "\xf0\x9f\x98", "😀", "\uFFFE", "\uFEFF", "1", "_", "-1", "1_0", " 7 ", "0x1", "1e3", "inf", "nan", "٣", "<double>", "</double>",
	"<boolean>1</boolean>", "<base64>", "</base64>", "YQ==", "YWI", "<dateTime.iso8601>20240229T12:34:56</dateTime.iso8601>", "<i8>5</i8>",
	"<methodName>", "</methodName>", "<params>", "</params>", "<param>", "</param>", "<fault>", "</fault>", "<!DOCTYPE m>",
	`<!DOCTYPE m [<!ENTITY e "v">]>`, "&e;", "<bigdecimal>", "</bigdecimal>"}

// oddJSON are bodies the recordings have no like of.
var oddJSON = byteSlices(
	`{}`, `[]`, `null`, `"x"`, `{"params": {"service": "common", "method": "login", "args": {"a": 1, "b": 2, "a": 3}}}`,
	`{"params": {"service": "common", "method": "login", "args": "aé\n\ud83d\ude00\ud800"}, "id": {"b": [1.50, -0, 1e400, NaN, "é\u007f\ud83d\ude00"], "a": null, "b": 1E-7}}`,
	`{"params": [["service", "common"], ["method", "version"], ["args", []], "xy", {"a": 1, "b": 2}]}`,
	`{"params": "", "params": {"service": "common", "method": "m", "args": [null, true, -0, 1.0, 1e16, 1e15, 1e-5, "", [], {}, [ ], { }, 0.0]}}`,
	`{"p\u0061rams": {"\u0073ervice": "comm\u006fn", "method": "m", "args": [1, [2, {"x": [3]}]]}, "i\u0064": "\u0041"}`,
	`{"params": {"service": "s", "method": "m", "args": [`+strings.Repeat("[", 900)+strings.Repeat("]", 900)+`]}}`,
	`{"params": {"service": "s", "method": "m", "args": [`+strings.Repeat("9", 4300)+`]}}`,
	`{"params": {"service": "s", "method": "m", "args": [`+strings.Repeat("9", 4301)+`]}}`,
	"{\"params\": {\"service\": \"s\", \"method\": \"\xe2\x82\xe2\x28\xf0\x9f\x98\xed\xa0\x80\xc0\xaf\xf5\", \"args\": []}}",
)

// oddXML are documents the recordings have no like of.
var oddXML = byteSlices(
	`<methodCall><methodName>m</methodName><params><param><value>a<!-- b -->c<![CDATA[<d>&amp;]]]]><![CDATA[>]]></value></param></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><param><value><int>1</int><string>b</string></value></param></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><int>5</int><name>n</name><value><value>x</value></value></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><param><value><string>a<b/>c</string></value></param></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><param><value><int>1<int>2</int></int></value></param></params></methodCall>`,
	`<methodCall><params><param><value><array><data><methodName>evil</methodName></data></array></value></param></params><methodName>m</methodName></methodCall>`,
	`<methodCall><params><param><value><string><methodName>evil</methodName>s</string></value></param></params><methodName>m</methodName></methodCall>`,
	`<methodCall><params><param><value><struct><fault/></struct></value></param></params><methodName>m</methodName></methodCall>`,
	`<methodCall><methodName>a</methodName><methodName>b</methodName><params/><params><param><value/></param></params></methodCall>`,
	`<x:methodCall xmlns:x="u"><x:methodName>m</x:methodName><x:params><x:value><y:struct><x:name>k</x:name><x:value><z:i4>1</z:i4></x:value></y:struct></x:value></x:params></x:methodCall>`,
	`<methodCall><methodName>m</methodName><params><param><value><struct><name>k</name><value><array/></value><value><array><data/></array></value><value>v</value></struct></value></param></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><param><value><base64>YQ==</base64></value></param><param><value><base64>Y Q
=
=zz</base64></value></param><param><value><base64/></value></param><param><value><base64>é</base64></value></param></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><value><double> 1_0.5e-3 </double></value><value><double>-INF</double></value><value><double>1e400</double></value><value><float>.5</float></value><value><bigdecimal>1.50</bigdecimal></value></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><value><dateTime.iso8601>20240229T12:34:56</dateTime.iso8601></value><value><dateTime.iso8601>20230229T12:34:56</dateTime.iso8601></value></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><value><dateTime.iso8601>20240101T1:2:3x</dateTime.iso8601></value></params></methodCall>`,
	`<methodCall><methodName>m</methodName><params><value><boolean>1</boolean></value><value><boolean>&#48;</boolean></value><value><nil>x</nil></value><value><int>٣_4</int></value><value><i8>`+strings.Repeat("9", 30)+`</i8></value></params></methodCall>`,
	`<?xml version='1.0' encoding='iso-8859-1'?><methodCall><methodName>m</methodName><params><value>`+"\xe9"+`</value></params></methodCall>`,
	`<?xml version='1.0' encoding='windows-1251'?><methodCall><methodName>m</methodName><params><value>`+"\xcf\xf0\x98"+`</value></params></methodCall>`,
	`<?xml version='1.0' encoding='windows-1252'?><methodCall><methodName>m</methodName><params><value>`+"\x80"+`</value></params></methodCall>`,
	`<?xml version='1.0' encoding='utf8'?><methodCall><methodName>m</methodName><params><value>`+"é"+`</value></params></methodCall>`,
	`<?xml version='1.0' encoding='US-ASCII'?><methodCall><methodName>m</methodName><params><value>`+"é"+`</value></params></methodCall>`,
	`<?xml version='1.0' encoding='utf-16'?><methodCall/>`, `<?xml version='1.0' encoding='1'?><a/>`, `<?xml version='1.0' encoding='klingon'?><a/>`,
	`<?xml version="1.0" standalone="yes"?><methodCall><methodName>m</methodName></methodCall>`, `<?xml?><a/>`, `<?xml version='1.0' x='y'?><a/>`,
	`<?xml encoding='utf-8'?><a/>`, `<?xml version=1.0?><a/>`, `<?XML version='1.0'?><a/>`, `<?xml version='1.0' standalone='perhaps'?><a/>`,
	"\uFEFF"+`<?xml version='1.0'?><methodCall><methodName>m</methodName></methodCall>`, "\uFEFF"+`<a>&x;</a>`,
	`<!DOCTYPE m [<!ENTITY e "v&#38;amp;"><!ENTITY f "&e;&e;"><!ENTITY g SYSTEM "x">]><methodCall a="&f;"><methodName>&f;</methodName><params><value>&e;<![CDATA[&e;]]>&g;</value></params></methodCall>`,
	`<!DOCTYPE m SYSTEM "u"><methodCall><methodName>m&nope;</methodName></methodCall>`, `<!DOCTYPE m><methodCall><methodName>m&nope;</methodName></methodCall>`,
	`<!DOCTYPE m [<!ENTITY e "&f;"><!ENTITY f "&e;">]><methodCall><methodName>&e;</methodName></methodCall>`,
	`<methodCall><methodName>m</methodName><params><value><x a="1" a="2"/></value></params></methodCall>`, `<a b='&nope;'/>`, `<a b='<'/>`, `<a b/>`, `<a b=c/>`, `<a b='1'c='2'/>`,
	`<methodResponse><fault><value><int>1</int></value></fault></methodResponse>`, `<methodResponse><fault/></methodResponse>`,
	`<methodResponse><fault><value><struct><member><name>faultCode</name><value><string>c</string></value></member></struct></value></fault></methodResponse>`,
	`<methodCall><methodName>mé`+"\u0301"+`</methodName><é`+"\u0301"+`/></methodCall>`, `<a>]]></a>`, `<a>]]</a>`, `<a><!-- -- --></a>`, `<a><!- --></a>`, `<a><![CDAT[]]></a>`, `<a><![CDATA[x`,
	"<a>\r\n\r\r\n<b></a>", `<a>`, `<a`, `<`, `<a/`, `</a>`, `<a></a`, `<a>&`, `<a>&#`, `<a>&#x`, `<a>&#xg;</a>`, `<a>&;</a>`, `<a>& </a>`, `<a/><b/>`, `<a/>&`, `<a/>x`, `<a/> <!-- x --> <?y?>`, ``, ` `, "\xff", "\xc3", "<a>\xc3", "<a>\xc3\x28</a>", "<\xc3", "\"", "'x'", ")\xf200", "x{", "[", "%", "#", "!", "=",
)

func byteSlices(texts ...string) [][]byte {
	out := make([][]byte, len(texts))
	for i, text := range texts {
		out[i] = []byte(text)
	}
	return out
}
