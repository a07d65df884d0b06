package rpc

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// net/http trims the values of fields, and Odoo's challenge ends in a blank (json2.badbearer). To a client both say the same,
// but an answer of ours is Odoo's to the byte, so the few that have such a field are written past net/http, which costs
// their connection. A server that can't let go of a connection writes them trimmed.

// StatusKeeper is a ResponseWriter that keeps what was answered, and is told of it where the answer was written past it.
type StatusKeeper interface{ Sent(status int, body int64) }

// endsBlank tells whether a field's value ends in a blank.
func (r Reply) endsBlank() bool {
	for _, f := range r.Header {
		if strings.HasSuffix(f.Value, " ") {
			return true
		}
	}
	return false
}

// writeRaw takes the connection over, writes the whole reply and closes it. The request's body must have been read. done
// is false where the connection can't be had, and nothing was written.
func (r Reply) writeRaw(w http.ResponseWriter) (done bool, err error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false, nil
	}
	defer conn.Close()
	var text bytes.Buffer
	fmt.Fprintf(&text, "HTTP/1.1 %d %s\r\n", r.Status, http.StatusText(r.Status))
	for _, f := range r.Header {
		text.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	text.WriteString("Content-Length: " + strconv.Itoa(len(r.Body)) + "\r\nDate: " +
		time.Now().UTC().Format(http.TimeFormat) + "\r\nConnection: close\r\n\r\n")
	text.Write(r.Body)
	if keeper, ok := w.(StatusKeeper); ok {
		keeper.Sent(r.Status, int64(len(r.Body)))
	}
	_, err = conn.Write(text.Bytes())
	return true, err
}
