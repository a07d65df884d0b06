package sandbox

import "testing"

// TestHalfPairs reads and prints strings with surrogates in them, as Python's json of a series does.
func TestHalfPairs(t *testing.T) {
	tests := []struct{ text, in15, in18 string }{ // "" is an error
		{`"a\ud800b"`, `"a\ud800b"`, ""},
		{`"\uDFFF"`, `"\udfff"`, ""},
		{`"\ud83d\ude00"`, `"\ud83d\ude00"`, `"😀"`},
		{`"\ud83d\ud83d\ude00\ude00"`, `"\ud83d\ud83d\ude00\ude00"`, ""},
		{`"\\ud800"`, `"\\ud800"`, `"\\ud800"`},
		{`"\\\ud800"`, `"\\\ud800"`, ""},
		{`{"\udc00": ["\udc00", 1]}`, `{"\udc00": ["\udc00", 1]}`, ""},
		{`"é\u00e9` + "\U0010d800" + `"`, `"\u00e9\u00e9\udbf6\udc00"`, `"éé` + "\U0010d800" + `"`},
	}
	for _, test := range tests {
		v, err := decodeJSON([]byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		for series, want := range map[int]string{15: test.in15, 18: test.in18} {
			e := jsonEncoder{series: series}
			err := e.encode(v)
			if (err != nil) != (want == "") || err == nil && e.String() != want {
				t.Errorf("%s is printed by %d as %s, %v, want %s", test.text, series, e.String(), err, want)
			}
		}
	}
}
