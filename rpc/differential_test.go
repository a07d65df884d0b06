package rpc_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"odoobridge/rpc"
)

// randomValues seeds the generator and says how many values to try; a failure is found again with the same seed.
func randomValues(stream uint64) (g generator, n int) {
	const seed = 20240229
	g = generator{rand.New(rand.NewPCG(seed, stream))}
	if testing.Short() {
		return g, 150
	}
	return g, 1500
}

// dialect picks by how a series writes: XML up to 17 or from 18 on.
func dialect(s rpc.Series, old, new byte) byte {
	if s <= 17 {
		return old
	}
	return new
}

// TestRandomAnswersTranscoded: whatever Odoo answers by JSON-RPC, the transcoder makes of it, to the byte, what Python's
// xmlrpc.client writes of the same value, or the fault that it ends in.
func TestRandomAnswersTranscoded(t *testing.T) {
	py := writer(t)
	g, n := randomValues(1)
	faults := 0
	for range n {
		result := g.json(depth)
		if g.IntN(20) == 0 {
			result = "[" + result + ", null]"
		}
		document := []byte(fmt.Sprintf(`{"jsonrpc": "2.0", "id": %s, "result": %s}`, g.int(), result))
		spellings := [][]byte{document, []byte(py.must(t, 'a', document)), []byte(py.must(t, 'u', document))}
		for _, series := range []rpc.Series{15, 18} {
			want := py.write(t, dialect(series, 'o', 'n'), document)
			if want.Class != "" {
				faults++
			}
			for _, spelling := range spellings {
				for _, p := range []rpc.Protocol{rpc.XMLRPC2, rpc.XMLRPC1} {
					source := one(g, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader)(bytes.NewReader(spelling))
					sameAnswer(t, p, series, spelling, source, want)
				}
			}
		}
	}
	if faults < n/20 || faults > n {
		t.Errorf("%d of %d values are faults: the generator has lost its balance", faults, 2*n)
	}
	t.Logf("%d answers, %d of them faults", 2*n, faults)
}

// sameAnswer compares what the transcoder makes of an answer with what Python wrote.
func sameAnswer(t *testing.T, p rpc.Protocol, s rpc.Series, answer []byte, source io.Reader, want pythonText) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := rpc.TranscodeReply(w, p, s, source); err != nil {
		t.Fatalf("series %d, %s: %q: %v", s, p, answer, err)
	}
	expected := []byte(want.Text)
	if want.Class != "" {
		expected = rpc.ErrorReply(p, s, nil, &rpc.Error{Class: want.Class, Message: want.Error}).Body
	}
	if !bytes.Equal(w.Body.Bytes(), expected) {
		t.Fatalf("series %d, %s: of\n%q\nwas made\n%q\nPython makes\n%q", s, p, answer, w.Body, expected)
	}
}

// TestRandomCallsTranscoded: the arguments of a call by XML-RPC, in any spelling, are to Python the same values as those
// of the call that was made of it, and our own reader of them finds what Python's does.
func TestRandomCallsTranscoded(t *testing.T) {
	py, client := python(t), writer(t)
	g, n := randomValues(2)
	calls, unsaid := 0, 0
	for range n {
		sent := client.write(t, 'c', []byte("["+g.json(depth)+", "+g.jsonString(g.text(false))+"]")).Text // "" if it can't
		for _, body := range []string{g.xmlCall(), sent} {
			for _, reader := range []byte("td") {
				if !agree(t, py, reader, []byte(body)) {
					continue // the client let a control character through, or an integer of too many digits
				}
				e, err := read(reader, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				calls++
				out, ok := rpc.AppendTranscodedCall(nil, "object", "execute_kw", nil, e.Args)
				if !ok {
					unsaid++
					continue
				}
				if got, want := py.read(t, 'j', out), py.read(t, reader, []byte(body)); got.Args != want.Args {
					t.Fatalf("Python reads\n%s\nas %s, and what was made of it\n%s\nas %s", body, want.Args, out, got.Args)
				}
			}
		}
	}
	if calls < 2*n || unsaid > 0 {
		t.Errorf("%d calls were read, want %d at least; of %d could not be said in JSON, want none", calls, 2*n, unsaid)
	}
}

// xmlCall is a methodCall of some random values.
func (g generator) xmlCall() string {
	var b strings.Builder
	b.WriteString(one(g, "<?xml version='1.0'?>\n", "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n", "") +
		"<methodCall>" + g.space() + "<methodName>execute_kw</methodName>" + g.space() + "<params>" + g.space())
	for range g.IntN(4) {
		b.WriteString("<param>" + g.space() + g.xml(depth) + g.space() + "</param>" + g.space())
	}
	b.WriteString("</params>" + g.space() + "</methodCall>" + g.space())
	return b.String()
}

// TestRandomCalls: a random call by JSON-RPC is read as Python reads it, and written so that Python reads the same again.
func TestRandomCalls(t *testing.T) {
	py := python(t)
	g, n := randomValues(3)
	for range n {
		member := func(name, value string) string {
			return g.space() + g.jsonString(name) + g.space() + ":" + g.space() + value + g.space()
		}
		shuffled := func(members ...string) string {
			g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			return "{" + strings.Join(members, ",") + "}"
		}
		args := make([]string, g.IntN(4))
		for i := range args {
			args[i] = g.json(depth)
		}
		body := shuffled(member("jsonrpc", `"2.0"`), member("id", g.json(2)), member(g.text(true), g.json(2)),
			member("params", shuffled(member("service", g.jsonString(g.text(true))), member("method", g.jsonString(g.text(true))),
				member("args", "["+strings.Join(args, ",")+"]"))))
		if !agree(t, py, 'j', []byte(body)) {
			t.Fatalf("refused: %s", body)
		}
	}
}

// TestRandomReplies: the small answers that are made here are, to the byte, what Python prints of the same value, and their
// faults read as what they are.
func TestRandomReplies(t *testing.T) {
	py := writer(t)
	g, n := randomValues(4)
	for range n {
		var result any
		var text string
		switch g.IntN(5) {
		case 0:
			result = g.IntN(2) == 0
			text = fmt.Sprint(result)
		case 1:
			result = int64(g.Uint64()) >> g.IntN(64)
			text = fmt.Sprint(result)
		case 2:
			list := make([]string, g.IntN(4))
			quoted := make([]string, len(list))
			for i := range list {
				list[i] = g.text(true)
				quoted[i] = g.jsonString(list[i])
			}
			result, text = list, "["+strings.Join(quoted, ",")+"]"
		default:
			s := g.text(true)
			result, text = s, g.jsonString(s)
		}
		id := g.jsonString(g.text(true))
		document := []byte(fmt.Sprintf(`{"jsonrpc": "2.0", "id": %s, "result": %s}`, id, text))
		for _, series := range []rpc.Series{15, 18, 19} {
			printed := byte('u')
			if series == 15 {
				printed = 'a'
			}
			got := rpc.ResultReply(rpc.JSONRPC, series, []byte(py.must(t, printed, []byte(id))), result)
			if want := py.must(t, printed, document); string(got.Body) != want {
				t.Fatalf("series %d, JSON: %q, Python prints %q", series, got.Body, want)
			}
			want := py.write(t, dialect(series, 'o', 'n'), document)
			for _, p := range []rpc.Protocol{rpc.XMLRPC2, rpc.XMLRPC1} {
				expected := []byte(want.Text)
				if want.Class != "" {
					expected = rpc.ErrorReply(p, series, nil, &rpc.Error{Class: want.Class, Message: want.Error}).Body
				}
				if got := rpc.ResultReply(p, series, nil, result); !bytes.Equal(got.Body, expected) {
					t.Fatalf("series %d, %s: %q, Python writes %q", series, p, got.Body, expected)
				}
			}
			errorReplies(t, py, series, g.text(true))
		}
	}
}

// errorReplies writes an error with a message in each protocol.
func errorReplies(t *testing.T, py *pythonWriter, s rpc.Series, message string) {
	t.Helper()
	e := &rpc.Error{Class: "odoo.exceptions.UserError", Message: message}
	body := rpc.ErrorReply(rpc.JSONRPC, s, nil, e).Body
	printed := byte('u')
	if s == 15 {
		printed = 'a'
	}
	if again := py.must(t, printed, body); again != string(body) {
		t.Fatalf("series %d, JSON: %q, Python prints it as %q", s, body, again)
	}
	quoted := py.must(t, 'a', []byte(generator{rand.New(rand.NewPCG(1, 1))}.jsonString(message)))
	if !strings.Contains(py.must(t, 'a', body), `"message": `+quoted+`, "arguments": [`+quoted+`]`) {
		t.Fatalf("series %d, JSON: the message %s is not in %q", s, quoted, body)
	}
	fault := "[2, " + quoted + "]"
	if want, got := py.must(t, dialect(s, 'F', 'f'), []byte(fault)), rpc.ErrorReply(rpc.XMLRPC2, s, nil, e).Body; string(got) != want {
		t.Fatalf("series %d, fault: %q, Python writes %q", s, got, want)
	}
	warning := strconv.Quote("warning -- UserError\n\n")
	fault = "[" + strings.TrimSuffix(warning, `"`) + strings.TrimPrefix(quoted, `"`) + `, ""]`
	if want, got := py.must(t, dialect(s, 'F', 'f'), []byte(fault)), rpc.ErrorReply(rpc.XMLRPC1, s, nil, e).Body; string(got) != want {
		t.Fatalf("series %d, string fault: %q, Python writes %q", s, got, want)
	}
}
