//go:build linux

package integration

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const megabyte = 1 << 20

// memory reads a figure of a process from /proc, in bytes.
func memory(t *testing.T, p *process, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no %s in %s", name, status)
	}
	kilobytes, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// growth is by how many bytes the largest resident size during work exceeds that before it.
func growth(t *testing.T, p *process, work func()) int {
	t.Helper()
	// Begins a new peak (proc(5)).
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	before := memory(t, p, "VmRSS")
	work()
	return memory(t, p, "VmHWM") - before
}

// repeated is head, then body again and again, then tail, of size bytes in all at least, without being in memory.
func repeated(head, body, tail string, size int) (r io.Reader, length int) {
	n := (size-len(head)-len(tail))/len(body) + 1
	block := strings.Repeat(body, 1000)
	parts := []io.Reader{strings.NewReader(head)}
	for range n / 1000 {
		parts = append(parts, strings.NewReader(block))
	}
	parts = append(parts, strings.NewReader(block[:n%1000*len(body)]), strings.NewReader(tail))
	return io.MultiReader(parts...), len(head) + n*len(body) + len(tail)
}

// TestMemoryOfAnswers: an answer of 100 MB grows the bridge by less than 64 MB, whatever is made of it.
func TestMemoryOfAnswers(t *testing.T) {
	const size, most = 100 * megabyte, 64 * megabyte
	odoo := newFakeOdoo(t, func(w http.ResponseWriter, r *http.Request) {
		head, tail := `{"jsonrpc": "2.0", "id": 1, "result": [{"id": 0}`, `]}`
		if strings.HasPrefix(r.URL.Path, "/json/2/") {
			head, tail = `[{"id": 0}`, `]`
		}
		answer, length := repeated(head,
			`, {"id": 91001, "name": "Conf Alpha", "active": true, "parent_id": [91002, "Conf \u00e9"], "credit": 12.5}`, tail, size)
		w.Header().Set("Content-Length", strconv.Itoa(length))
		_, _ = io.Copy(w, answer) // fails where the test has failed
	})
	db := stateDB(t)
	rpc, json2 := serve(t, db, odoo.URL), serve(t, db, odoo.URL, "--upstream-protocol", "json2")
	for _, tc := range []struct {
		p                            *process
		path, contentType, body, end string
	}{
		{rpc, "/jsonrpc", "application/json", readContact("", nil, ""), "]}"},
		{rpc, "/xmlrpc/2/object", "text/xml", xmlReadContact("", 0, ""), "</methodResponse>\n"},
		{json2, "/jsonrpc", "application/json", readContact("", nil, ""), "]}"},
		{json2, "/xmlrpc/2/object", "text/xml", xmlReadContact("", 0, ""), "</methodResponse>\n"},
	} {
		p := tc.p
		call := func(path, contentType, body string, headers ...string) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.ready["bridge"]+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", contentType)
			request.Header.Set("API-KEY", rpcKey)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var end [20]byte // the last bytes of what came
			n := 0
			for buf := make([]byte, 256<<10); ; {
				got, err := response.Body.Read(buf)
				n += got
				if got >= len(end) {
					copy(end[:], buf[got-len(end):got])
				} else {
					copy(end[:], append(end[got:], buf[:got]...))
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%s: after %d bytes: %v", path, n, err)
				}
			}
			if response.StatusCode != http.StatusOK || n < size || !strings.HasSuffix(string(end[:]), tc.end) {
				t.Errorf("%s: status %d, %d bytes that end with %q", path, response.StatusCode, n, end)
			}
		}
		grown := growth(t, p, func() { call(tc.path, tc.contentType, tc.body) })
		t.Logf("%s: an answer of %d MB: %d MB", tc.path, size/megabyte, grown/megabyte)
		if grown > most {
			t.Errorf("%s: an answer of %d MB grew the bridge by %d MB, more than %d", tc.path, size/megabyte, grown/megabyte, most/megabyte)
		}
	}
}

// TestMemoryOfRequests: a request of 50 MB, of attachments, grows the bridge by less than two and a half times its size.
func TestMemoryOfRequests(t *testing.T) {
	const size = 50 * megabyte
	odoo := newFakeOdoo(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/xmlrpc") {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(w, "<?xml version='1.0'?>\n<methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>")
			return
		}
		if strings.HasPrefix(r.URL.Path, "/json/2/") {
			_, _ = io.WriteString(w, `[1]`)
			return
		}
		_, _ = io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": 1}`)
	})
	xml := func(element string) (head, tail string) {
		before, after, _ := strings.Cut(xmlReadContact("", 0, ""), "<value><int>91001</int></value>")
		return before + "<value><" + element + ">", "</" + element + "></value>" + after
	}
	base64Head, base64Tail := xml("base64")
	stringHead, stringTail := xml("string")
	const jsonHead, jsonTail = `{"jsonrpc": "2.0", "id": 1, "params": {"service": "object", "method": "execute_kw", "args": ["", 0, "", ` +
		`"ir.attachment", "create", [{"name": "large", "datas": "`, `"}]]}}`
	for _, tc := range []struct{ name, upstream, path, head, tail string }{
		{"JSON", "rpc", "/jsonrpc", jsonHead, jsonTail},
		{"XML, forwarded", "rpc", "/xmlrpc/2/object", base64Head, base64Tail},
		{"XML, transcoded", "rpc", "/xmlrpc/2/object", stringHead, stringTail},
		{"JSON, as JSON-2", "json2", "/jsonrpc", jsonHead, jsonTail},
		{"XML, as JSON-2", "json2", "/xmlrpc/2/object", stringHead, stringTail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := serve(t, stateDB(t), odoo.URL, "--upstream-protocol", tc.upstream)
			grown := growth(t, p, func() {
				body, length := repeated(tc.head, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk", tc.tail, size)
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.ready["bridge"]+tc.path, body)
				if err != nil {
					t.Fatal(err)
				}
				request.ContentLength = int64(length)
				request.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "text/xml"}[tc.path == "/jsonrpc"])
				a, err := do(request, "API-KEY", rpcKey)
				if err != nil {
					t.Fatal(err)
				}
				if a.status != http.StatusOK || !strings.Contains(a.body, "1") || strings.Contains(a.body, "rror") || strings.Contains(a.body, "fault") {
					t.Errorf("status %d: %s", a.status, a.body)
				}
			})
			t.Logf("a request of %d MB: %d MB, %.2f times", size/megabyte, grown/megabyte, float64(grown)/size)
			if grown > size*5/2 {
				t.Errorf("a request of %d MB grew the bridge by %d MB, more than 2.5 times", size/megabyte, grown/megabyte)
			}
		})
	}
}

// TestMemoryOfIdleClients: with 1,000 clients that keep their connections after a call the bridge stays below 64 MB.
func TestMemoryOfIdleClients(t *testing.T) {
	const clients, most = 1000, 64 * megabyte
	odoo := newFakeOdoo(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": 1}`)
	})
	p := serve(t, stateDB(t), odoo.URL)
	address := strings.TrimPrefix(p.ready["bridge"], "http://")
	body := readContact("", nil, "")
	call := fmt.Sprintf("POST /jsonrpc HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAPI-KEY: %s\r\nContent-Length: %d\r\n\r\n%s",
		address, rpcKey, len(body), body)
	for range clients {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(bound))
		if _, err := io.WriteString(c, call); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(response.Body); err != nil || !bytes.Contains(answer, []byte(`"result": 1`)) {
			t.Fatalf("%s, %v", answer, err)
		}
	}
	resident := memory(t, p, "VmRSS")
	t.Logf("%d idle clients: %d MB resident", clients, resident/megabyte)
	if resident > most {
		t.Errorf("with %d idle clients %d MB are resident, more than %d", clients, resident/megabyte, most/megabyte)
	}
}
