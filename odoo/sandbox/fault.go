package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with a call on demand.
type Fault struct {
	kind   faultKind
	delay  time.Duration // of faultDelay
	status int           // of faultError
}

type faultKind string

const (
	noFault      faultKind = ""
	faultDelay   faultKind = "delay"   // the call is run later
	faultError   faultKind = "error"   // not run, answered with a page of a status
	faultDenied  faultKind = "denied"  // not run, AccessDenied
	faultClosed  faultKind = "closed"  // not run, the connection is closed without an answer
	faultCut     faultKind = "cut"     // run; half of the answer comes, then the connection is closed
	faultGarbage faultKind = "garbage" // run; the answer is none that makes sense
)

// faultUsage is the grammar of ParseFault.
const faultUsage = `"delay=300ms", "error", "error=503", "denied", "closed", "cut" or "garbage"`

// ParseFault reads a fault: delay=300ms, error, error=503, denied, closed, cut, garbage.
func ParseFault(text string) (Fault, error) {
	name, value, given := strings.Cut(strings.TrimSpace(text), "=")
	f := Fault{kind: faultKind(name)}
	var err error
	switch f.kind {
	case faultDelay:
		if f.delay, err = time.ParseDuration(value); err != nil || f.delay < 0 {
			return Fault{}, fmt.Errorf("fault %q: a delay is given as delay=300ms", text)
		}
		return f, nil
	case faultError:
		f.status = http.StatusInternalServerError
		if given {
			if f.status, err = strconv.Atoi(value); err != nil || f.status < 400 || f.status > 599 {
				return Fault{}, fmt.Errorf("fault %q: the status of an error is 400 to 599", text)
			}
		}
		return f, nil
	case faultDenied, faultClosed, faultCut, faultGarbage:
		if !given {
			return f, nil
		}
	}
	return Fault{}, fmt.Errorf("fault %q is none: say %s", text, faultUsage)
}

// String is the fault as ParseFault reads it.
func (f Fault) String() string {
	switch f.kind {
	case faultDelay:
		return "delay=" + f.delay.String()
	case faultError:
		return "error=" + strconv.Itoa(f.status)
	}
	return string(f.kind)
}

// MarshalText and UnmarshalText make the fault a string in JSON.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func (f *Fault) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFault(string(text))
	return err
}

// FaultRule says which calls a fault is for.
type FaultRule struct {
	Fault  Fault  `json:"fault"`
	Model  string `json:"model,omitempty"`  // of the calls; "" is any
	Method string `json:"method,omitempty"` // likewise: the model's method, or a method of common or db
	Times  int    `json:"times,omitempty"`  // how often; 0 is until the rules are changed
}

func (r *FaultRule) matches(c *ReceivedCall) bool {
	return (r.Model == "" || r.Model == c.Model) && (r.Method == "" || r.Method == c.Method)
}
