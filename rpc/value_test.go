package rpc_test

import (
	"fmt"
	"testing"

	"odoobridge/rpc"
)

// argument is the only argument of a call that is written with text as its value.
func argument(t *testing.T, p rpc.Protocol, s rpc.Series, text string) rpc.Value {
	t.Helper()
	var e rpc.Envelope
	var err error
	if p == rpc.JSONRPC {
		err = e.ParseJSON([]byte(`{"params": {"service": "s", "method": "m", "args": [`+text+`]}}`), s)
	} else {
		err = e.ParseXML(p, "s", []byte(xmlCall(text)), s)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(e.Args) != 1 {
		t.Fatalf("%s: %d arguments", text, len(e.Args))
	}
	return e.Args[0]
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		protocol rpc.Protocol
		text     string
		kind     rpc.Kind
		truthy   bool
		pyType   string
		pyRepr   string
	}{
		{rpc.JSONRPC, `null`, rpc.Null, false, "NoneType", "None"},
		{rpc.JSONRPC, `true`, rpc.Bool, true, "bool", "True"},
		{rpc.JSONRPC, `false`, rpc.Bool, false, "bool", "False"},
		{rpc.JSONRPC, `-0`, rpc.Int, false, "int", "0"},
		{rpc.JSONRPC, `123456789012345678901`, rpc.Int, true, "int", "123456789012345678901"},
		{rpc.JSONRPC, `1e22`, rpc.Float, true, "float", "1e+22"},
		{rpc.JSONRPC, `0.00`, rpc.Float, false, "float", "0.0"},
		{rpc.JSONRPC, `-1e999`, rpc.Float, true, "float", "-inf"},
		{rpc.JSONRPC, `NaN`, rpc.Float, true, "float", "nan"},
		{rpc.JSONRPC, `""`, rpc.String, false, "str", "''"},
		{rpc.JSONRPC, `"it's \u00e9\n\u200b"`, rpc.String, true, "str", `"it's é\n\u200b"`},
		{rpc.JSONRPC, `[ ]`, rpc.Array, false, "list", "[...]"},
		{rpc.JSONRPC, `{"a": 1}`, rpc.Struct, true, "dict", "{...}"},
		{rpc.XMLRPC2, `<nil/>`, rpc.Null, false, "NoneType", "None"},
		{rpc.XMLRPC2, `<boolean>1</boolean>`, rpc.Bool, true, "bool", "True"},
		{rpc.XMLRPC2, `<int> +1_0 </int>`, rpc.Int, true, "int", "10"},
		{rpc.XMLRPC2, `<i4>-00</i4>`, rpc.Int, false, "int", "0"},
		{rpc.XMLRPC2, `<double>1e3</double>`, rpc.Float, true, "float", "1000.0"},
		{rpc.XMLRPC2, `<bigdecimal>2.50</bigdecimal>`, rpc.Float, true, "Decimal", "2.5"},
		{rpc.XMLRPC2, ``, rpc.String, false, "str", "''"},
		{rpc.XMLRPC2, `a&amp;<![CDATA[<b>]]>`, rpc.String, true, "str", "'a&<b>'"},
		{rpc.XMLRPC2, `<string a=">"/>`, rpc.String, false, "str", "''"},
		{rpc.XMLRPC2, `<array><data/></array>`, rpc.Array, false, "list", "[...]"},
		{rpc.XMLRPC2, `<struct a="/>"><member><name>x</name><value/></member></struct>`, rpc.Struct, true, "dict", "{...}"},
		{rpc.XMLRPC2, `<base64/>`, rpc.Base64, true, "Binary", "<Binary>"},
		{rpc.XMLRPC2, `<dateTime.iso8601>20240229T12:34:56</dateTime.iso8601>`, rpc.DateTime, true, "datetime.datetime", "<datetime.datetime>"},
	} {
		t.Run(fmt.Sprintf("%s %s", c.protocol, c.text), func(t *testing.T) {
			v := argument(t, c.protocol, 18, c.text)
			if v.Kind() != c.kind || v.Truthy() != c.truthy || v.PyType() != c.pyType || v.PyRepr() != c.pyRepr {
				t.Errorf("kind %d, truth %t, %s %s", v.Kind(), v.Truthy(), v.PyType(), v.PyRepr())
			}
			if string(v.Raw()) != c.text {
				t.Errorf("raw %q", v.Raw())
			}
		})
	}
	if v := argument(t, rpc.XMLRPC1, 15, `<dateTime.iso8601>yesterday</dateTime.iso8601>`); v.PyType() != "DateTime" {
		t.Errorf("a date of series 15 is a %s", v.PyType())
	}
	var none rpc.Value
	if none.Truthy() || none.PyType() != "NoneType" || none.PyStr() != "None" {
		t.Errorf("the zero value is %s %s", none.PyType(), none.PyStr())
	}
}

func TestValueInt(t *testing.T) {
	for _, c := range []struct {
		protocol rpc.Protocol
		text     string
		want     int64
		ok       bool
	}{
		{rpc.JSONRPC, `9001`, 9001, true},
		{rpc.JSONRPC, `-9223372036854775808`, -1 << 63, true},
		{rpc.JSONRPC, `9223372036854775808`, 0, false},
		{rpc.JSONRPC, `1.0`, 0, false},
		{rpc.JSONRPC, `true`, 0, false},
		{rpc.JSONRPC, `"5"`, 0, false},
		{rpc.XMLRPC2, `<int>2</int>`, 2, true},
		{rpc.XMLRPC2, `<x:i8> &#45;7 </x:i8>`, -7, true},
		{rpc.XMLRPC2, `<int>0000000000000000000000001</int>`, 1, true},
		{rpc.XMLRPC2, `<int>٤٢</int>`, 42, true},
		{rpc.XMLRPC2, `<boolean>1</boolean>`, 0, false},
	} {
		if n, ok := argument(t, c.protocol, 18, c.text).Int(); n != c.want || ok != c.ok {
			t.Errorf("%s: %d %t", c.text, n, ok)
		}
	}
}

func TestValueStr(t *testing.T) {
	for _, c := range []struct {
		protocol rpc.Protocol
		text     string
		want     string
		ok       bool
	}{
		{rpc.JSONRPC, `"a\"\\\/\b\f\n\r\t\u20AC\ud83d\ude00é"`, "a\"\\/\b\f\n\r\t€😀é", true},
		{rpc.JSONRPC, `"\ud83dx\ude00"`, "\uFFFDx\uFFFD", true},
		{rpc.JSONRPC, `5`, "", false},
		{rpc.XMLRPC2, "a\r\nb\rc&#13;&#x1F600;", "a\nb\nc\r😀", true},
		{rpc.XMLRPC2, "<string>a<!-- - -->b<?p ?>c</string>", "abc", true},
		{rpc.XMLRPC2, "<string>gone<x/>stays</string >", "stays", true},
		{rpc.XMLRPC2, "<x:string xmlns:x='u'>a</x:string>", "a", true},
	} {
		if s, ok := argument(t, c.protocol, 18, c.text).Str(); s != c.want || ok != c.ok {
			t.Errorf("%s: %q %t", c.text, s, ok)
		}
	}
}
