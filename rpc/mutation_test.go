package rpc_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// seeds are the bodies that the readers are tried on: those of the recordings, each shape once, and testdata's.
func seeds(tb testing.TB) (json, xml [][]byte) {
	tb.Helper()
	seen := map[string]bool{}
	for _, series := range recordedSeries {
		for _, c := range recorded(tb, series) {
			body := c.Request.Body
			shape := strings.TrimRight(c.ID, "0123456789")
			if len(body) == 0 || len(body) > 5000 || seen[shape] {
				continue
			}
			seen[shape] = true
			if strings.Contains(c.Request.Path, "jsonrpc") {
				json = append(json, body)
			} else if strings.Contains(c.Request.Path, "xmlrpc") {
				xml = append(xml, body)
			}
		}
	}
	json = append(json, oddJSON...)
	xml = append(xml, oddXML...)
	return json, xml
}

// TestPythonReadsTheSame compares with Python's readers: the seeds, then mutations of them.
func TestPythonReadsTheSame(t *testing.T) {
	py := python(t)
	mutations := 2000
	if testing.Short() {
		mutations = 200
	}
	json, xml := seeds(t)
	for _, group := range []struct {
		name    string
		readers string
		bodies  [][]byte
		words   []string
	}{{"json", "j", json, jsonWords}, {"xml", "td", xml, xmlWords}} {
		t.Run(group.name, func(t *testing.T) {
			accepted, n := 0, 0
			try := func(body []byte) {
				for _, reader := range []byte(group.readers) {
					n++
					if agree(t, py, reader, body) {
						accepted++
					}
				}
			}
			for _, body := range group.bodies {
				try(body)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range mutations {
				try(mutate(random, group.bodies[random.IntN(len(group.bodies))], group.words))
			}
			t.Logf("%d bodies, %d of them accepted", n, accepted)
		})
	}
}

// mutate changes a body in one to three places.
func mutate(r *rand.Rand, body []byte, words []string) []byte {
	body = slices.Clone(body)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(body) + 1)
		j := min(len(body), i+r.IntN(12))
		switch r.IntN(6) {
		case 0: // cut out
			body = slices.Delete(body, i, j)
		case 1: // cut off
			if r.IntN(4) == 0 {
				body = body[:i]
			}
		case 2: // double
			body = slices.Insert(body, i, bytes.Clone(body[i:j])...)
		case 3: // another byte
			if i < len(body) {
				body[i] = byte(r.IntN(256))
			}
		case 4: // a word
			body = slices.Insert(body, i, []byte(words[r.IntN(len(words))])...)
		case 5: // a word in place of a piece
			body = slices.Replace(body, i, j, []byte(words[r.IntN(len(words))])...)
		}
	}
	return body
}
