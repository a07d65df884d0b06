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

// pythonProcess is a Python process that answers questions over a pipe, one at a time.
type pythonProcess struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

func startScript(script string) (*pythonProcess, error) {
	path, err := exec.LookPath("python3")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, script)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// The process ends with its standard input, hence with the test binary.
	return &pythonProcess{in: in, out: bufio.NewReader(out)}, cmd.Start()
}

// ask sends a question and decodes the answer, which is JSON.
func (p *pythonProcess) ask(tb testing.TB, what byte, body []byte, answer any) {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	head := binary.BigEndian.AppendUint32([]byte{what}, uint32(len(body)))
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
	if err := json.Unmarshal(text, answer); err != nil {
		tb.Fatalf("answer of python3 %q: %v", text, err)
	}
}

// pythonReader reads bodies as Odoo does.
type pythonReader struct{ *pythonProcess }

// pythonCall is what it makes of one: an error, or a call.
type pythonCall struct {
	Error, Class              string
	ID, Service, Method, Args string // repr, but for the id, which is printed as JSON
	Values                    [][3]any
}

var startPython = sync.OnceValues(func() (*pythonReader, error) {
	p, err := startScript("testdata/reader.py")
	return &pythonReader{p}, err
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
func (p *pythonReader) read(tb testing.TB, reader byte, body []byte) (call pythonCall) {
	tb.Helper()
	p.ask(tb, reader, body, &call)
	return call
}

// pythonWriter writes documents as Odoo and clients in Python do.
type pythonWriter struct{ *pythonProcess }

var startWriter = sync.OnceValues(func() (*pythonWriter, error) {
	p, err := startScript("testdata/writer.py")
	return &pythonWriter{p}, err
})

// writer is the writer of this process; without Python the test is skipped.
func writer(tb testing.TB) *pythonWriter {
	tb.Helper()
	p, err := startWriter()
	if err != nil {
		tb.Skipf("no python3 to compare with: %v", err)
	}
	return p
}

// pythonText is what it wrote, or the exception that kept it from that.
type pythonText struct{ Error, Class, Text string }

// write asks for one of the documents that testdata/writer.py lists.
func (p *pythonWriter) write(tb testing.TB, what byte, text []byte) (written pythonText) {
	tb.Helper()
	p.ask(tb, what, text, &written)
	return written
}

// must is write of what Python can write.
func (p *pythonWriter) must(tb testing.TB, what byte, text []byte) string {
	tb.Helper()
	written := p.write(tb, what, text)
	if written.Class != "" {
		tb.Fatalf("python3 can't write %q: %s: %s", text, written.Class, written.Error)
	}
	return written.Text
}
