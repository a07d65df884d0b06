package odoo

import (
	"math"
	"testing"
)

// The texts are Python's, as recorded in the cases named.
func TestSignatureCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		sig  Signature
		n    int
		want string
	}{
		{"as many as required", loginSignature, 3, ""},
		{"common.login.short", loginSignature, 2, "exp_login() missing 1 required positional argument: 'password'"},
		{"two missing", loginSignature, 1, "exp_login() missing 2 required positional arguments: 'login' and 'password'"},
		{"common.auth.none", authenticateSignature, 0,
			"exp_authenticate() missing 4 required positional arguments: 'db', 'login', 'password', and 'user_agent_env'"},
		{"common.auth.extra", authenticateSignature, 5, "exp_authenticate() takes 4 positional arguments but 5 were given"},
		{"common.version.extra", Signature{Name: "exp_version"}, 1, "exp_version() takes 0 positional arguments but 1 was given"},
		{"common.about.two", Signature{Name: "exp_about", Optional: []string{"extended"}}, 2,
			"exp_about() takes from 0 to 1 positional arguments but 2 were given"},
		{"one taken", Signature{Name: "exp_db_exist", Required: []string{"db_name"}}, 2,
			"exp_db_exist() takes 1 positional argument but 2 were given"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.sig.Check(tc.n)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case tc.want != "" && (err == nil || err.Message != tc.want || err.Class != "builtins.TypeError"):
				t.Errorf("error %v, want TypeError: %s", err, tc.want)
			}
		})
	}
}

// Python 3.11: int(s) for each.
func TestParseInt(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"9001", 9001, true}, {" 9001 ", 9001, true}, {"+5", 5, true}, {"-5", -5, true}, {"9_001", 9001, true}, {"007", 7, true},
		{"\t9001\n", 9001, true},
		{"", 0, false}, {"rpcuser", 0, false}, {"9001.0", 0, false}, {"_1", 0, false}, {"1_", 0, false}, {"1__2", 0, false},
		{"+-1", 0, false}, {"0x10", 0, false}, {"1 2", 0, false}, {"+_1", 0, false}, {"+", 0, false},
	} {
		if got, ok := parseInt(tc.in); ok != tc.ok || (ok && got != tc.want) {
			t.Errorf("int(%q) is %d, %v; want %d, %v", tc.in, got, ok, tc.want, tc.ok)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, tc := range []struct {
		in, want string // the error, if any
		n        int64
	}{
		{"9001.7", "", 9001}, {"-1.5", "", -1}, {"1e+25", "", math.MaxInt64}, {"0.0", "", 0},
		{"nan", "cannot convert float NaN to integer", 0}, {"inf", "cannot convert float infinity to integer", 0},
	} {
		n, err := truncate(tc.in)
		message := ""
		if err != nil {
			message = err.Message
		}
		if n != tc.n || message != tc.want {
			t.Errorf("int(%s) is %d, %q; want %d, %q", tc.in, n, message, tc.n, tc.want)
		}
	}
}
