package rpc_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"os/exec"
	"sync"
	"testing"
)

// pythonReader is a Python process that reads bodies as Odoo does. It is fed over a pipe, one body at a time.
type pythonReader struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// pythonCall is what it makes of one: an error, or a call.
type pythonCall struct {
	Error, Class              string
	ID, Service, Method, Args string // repr, but for the id, which is printed as JSON
	Values                    [][3]any
}

var startPython = sync.OnceValues(func() (*pythonReader, error) {
	path, err := exec.LookPath("python3")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "testdata/reader.py")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// The process ends with its standard input, hence with the test binary.
	return &pythonReader{in: in, out: bufio.NewReader(out)}, cmd.Start()
})

// python is the reader of this process; without Python the test is skipped.
func python(tb testing.TB) *pythonReader {
	tb.Helper()
	p, err := startPython()
	if err != nil {
		tb.Skipf("no python3 to compare with: %v", err)
	}
	return p
}

// read asks for body; reader is 'j' for json, 't' and 'd' for xmlrpc.client with dates as text and as datetime.
func (p *pythonReader) read(tb testing.TB, reader byte, body []byte) pythonCall {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	head := binary.BigEndian.AppendUint32([]byte{reader}, uint32(len(body)))
	if _, err := p.in.Write(append(head, body...)); err != nil {
		tb.Fatal("write to python3: ", err)
	}
	var size [4]byte
	if _, err := io.ReadFull(p.out, size[:]); err != nil {
		tb.Fatal("read from python3: ", err)
	}
	text := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(p.out, text); err != nil {
		tb.Fatal("read from python3: ", err)
	}
	var call pythonCall
	if err := json.Unmarshal(text, &call); err != nil {
		tb.Fatalf("answer of python3 %q: %v", text, err)
	}
	return call
}
