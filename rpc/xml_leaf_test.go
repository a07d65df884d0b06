package rpc_test

import (
	"errors"
	"testing"

	"odoobridge/rpc"
)

// TestXMLScalars are the texts that the Unmarshaller's handlers take, and what Python says of those they do not.
func TestXMLScalars(t *testing.T) {
	const (
		value   = "builtins.ValueError"
		padding = "Incorrect padding"
		noDate  = " does not match format '%Y%m%dT%H:%M:%S'"
	)
	for _, c := range []struct{ element, text, class, message string }{
		{"int", "abc", value, "invalid literal for int() with base 10: 'abc'"}, // values.x.int.bad.xml1
		{"int", "", value, "invalid literal for int() with base 10: ''"},
		{"int", "1__0", value, "invalid literal for int() with base 10: '1__0'"},
		{"int", "1_", value, "invalid literal for int() with base 10: '1_'"},
		{"i8", "\u2003-1_000\n", "", ""},
		{"i4", "1.0", value, "invalid literal for int() with base 10: '1.0'"},
		{"boolean", "true", "builtins.TypeError", "bad boolean value"}, // values.x.bool.bad.xml1
		{"boolean", " 1", "builtins.TypeError", "bad boolean value"},
		{"boolean", "&#49;", "", ""},
		{"double", "", value, "could not convert string to float: ''"},
		{"double", "--1", value, "could not convert string to float: '--1'"},
		{"double", "0x1p3", value, "could not convert string to float: '0x1p3'"},
		{"double", "1_0.0_1e1_0", "", ""},
		{"double", "+Infinity", "", ""},
		{"float", "1.", "", ""},
		{"bigdecimal", "1e", "decimal.InvalidOperation", "[<class 'decimal.ConversionSyntax'>]"},
		{"bigdecimal", "_1_.5E+7", "", ""},
		{"bigdecimal", "sNaN12", "", ""},
		{"base64", "YQ==", "", ""},
		{"base64", "Y Q\r\n=-=", "", ""},
		{"base64", "YWI=", "", ""},
		{"base64", "YWI", "binascii.Error", padding},
		{"base64", "YQ=", "binascii.Error", padding},
		{"base64", "=YQ", "binascii.Error", padding},
		{"base64", "YWI=a", "", ""},
		{"base64", "a", "binascii.Error", "Invalid base64-encoded string: number of data characters (1) cannot be 1 more " +
			"than a multiple of 4"}, // values.x.base64.bad.xml2
		{"base64", "YQ==é", "builtins.UnicodeEncodeError", `'ascii' codec can't encode character '\xe9' in position 4: ordinal not in range(128)`},
		{"base64", "a😀é", "builtins.UnicodeEncodeError", `'ascii' codec can't encode characters in position 1-2: ordinal not in range(128)`},
		{"dateTime.iso8601", "20240229T12:34:56", "", ""},
		{"dateTime.iso8601", "2024229t1:2:3", "", ""},
		{"dateTime.iso8601", "yesterday", value, "time data 'yesterday'" + noDate}, // values.x.datetime.bad.xml2
		{"dateTime.iso8601", "2024-02-29T12:34:56", value, "time data '2024-02-29T12:34:56'" + noDate},
		{"dateTime.iso8601", "20240229T12:34:56Z", value, "unconverted data remains: Z"},
		{"dateTime.iso8601", "20230229T12:34:56", value, "day is out of range for month"},
		{"dateTime.iso8601", "19000229T12:34:56", value, "day is out of range for month"},
		{"dateTime.iso8601", "00000101T00:00:00", value, "year 0 is out of range"},
		{"dateTime.iso8601", "20161231T23:59:60", value, "second must be in 0..59"},
	} {
		t.Run(c.element+" "+c.text, func(t *testing.T) {
			body := []byte(xmlCall("<" + c.element + ">" + c.text + "</" + c.element + ">"))
			var e rpc.Envelope
			err := e.ParseXML(rpc.XMLRPC2, "object", body, 18)
			var wire *rpc.Error
			if !errors.As(err, &wire) {
				wire = new(rpc.Error)
			}
			if wire.Class != c.class || wire.Message != c.message {
				t.Errorf("%s: %q, want %s: %q", wire.Class, wire.Message, c.class, c.message)
			}
		})
		t.Run("python "+c.element+" "+c.text, func(t *testing.T) {
			agree(t, python(t), 'd', []byte(xmlCall("<"+c.element+">"+c.text+"</"+c.element+">")))
		})
	}
}
