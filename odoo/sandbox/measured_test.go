//go:build unix

package sandbox_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// measured is a sequence of calls with the answers of real Odoo (15.0, 18.0, 19.0, modules base, web and auth_totp, the
// fixture records in it). "$0" is the first record that the sequence created, and so on, in calls and in answers.
type measured struct {
	Name  string
	Steps []struct {
		Call   []json.RawMessage // uid, model, method, args, kwargs
		Result json.RawMessage
		Error  []string // class and message, what PostgreSQL says of the statement left out
	}
}

// TestMeasured asks the sandbox what real Odoo was asked, in the same order.
func TestMeasured(t *testing.T) {
	passwords := map[string]string{"2": "admin", "9001": "rpcuser-pw", "9005": "rpcportal-pw"}
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			t.Parallel()
			h := newSandbox(t, series)
			for _, m := range readMeasured(t, series) {
				t.Run(m.Name, func(t *testing.T) {
					var made []string
					for n, step := range m.Steps {
						uid, args, kwargs := string(step.Call[0]), string(step.Call[3]), string(step.Call[4])
						for i, id := range made {
							args = strings.ReplaceAll(args, fmt.Sprintf(`"$%d"`, i), id)
							kwargs = strings.ReplaceAll(kwargs, fmt.Sprintf(`"$%d"`, i), id)
						}
						got := ask(t, h, series, fmt.Sprintf("%s, %q, %s, %s, %s, %s", uid, passwords[uid], step.Call[1], step.Call[2], args, kwargs))
						if makes(string(step.Call[2])) && got.Error == nil {
							made = append(made, numbers.FindAllString(string(got.Result), -1)...)
						}
						compareMeasured(t, n, step.Result, step.Error, got, made)
					}
				})
			}
		})
	}
}

var numbers = regexp.MustCompile(`\b\d+\b`)

// makes says whether a method answers the ids of records that it made.
func makes(method string) bool {
	return method == `"create"` || method == `"copy"` || method == `"name_create"`
}

func compareMeasured(t *testing.T, n int, result json.RawMessage, failure []string, got reply, made []string) {
	t.Helper()
	if failure != nil {
		if got.Error == nil {
			t.Fatalf("step %d: answered %s, Odoo refuses with %q", n, got.Result, failure)
		}
		said, _, _ := strings.Cut(got.Error.Data.Message, "\nLINE ")
		said = strings.TrimRight(relative(said, made), "\n")
		if got.Error.Data.Name != failure[0] || said != strings.TrimRight(failure[1], "\n") {
			t.Fatalf("step %d: refused with %s: %q, Odoo with %s: %q", n, got.Error.Data.Name, said, failure[0], failure[1])
		}
		return
	}
	if got.Error != nil {
		t.Fatalf("step %d: refused with %s: %q, Odoo answers %s", n, got.Error.Data.Name, got.Error.Data.Message, result)
	}
	if !reflect.DeepEqual(normal(t, result, nil), normal(t, got.Result, made)) {
		t.Fatalf("step %d: answered %s, Odoo %s (records made: %v)", n, got.Result, result, made)
	}
}

// normal is a JSON document with the records made as "$n".
func normal(t *testing.T, text json.RawMessage, made []string) any {
	t.Helper()
	if len(text) == 0 {
		return nil // Odoo leaves out the result that is None
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return renamed(v, made)
}

func renamed(v any, made []string) any {
	switch v := v.(type) {
	case json.Number:
		for i, id := range made {
			if v.String() == id {
				return fmt.Sprintf("$%d", i)
			}
		}
		f, _ := v.Float64()
		return f
	case string:
		return relative(v, made)
	case []any:
		for i := range v {
			v[i] = renamed(v[i], made)
		}
	case map[string]any:
		for k := range v {
			v[k] = renamed(v[k], made)
		}
	}
	return v
}

// relative writes the ids of the records made as "$n".
func relative(text string, made []string) string {
	return numbers.ReplaceAllStringFunc(text, func(number string) string {
		for i, id := range made {
			if number == id {
				return "$" + strconv.Itoa(i)
			}
		}
		return number
	})
}

func readMeasured(t *testing.T, series int) []measured {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("testdata/measured-%d.jsonl.gz", series))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []measured
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m measured
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("line %d: %v", len(list)+1, err)
		}
		list = append(list, m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
