package bridge

import (
	"fmt"
	"sync/atomic"
)

// memory is, in bytes, how much the bodies of all requests together may take. A call that waits for its place at Odoo keeps
// its body meanwhile, and max_body times queue_total would be more than any machine has.
type memory struct {
	limit int64
	held  atomic.Int64
}

// small is, in bytes, the buffer that takes nothing of it: whoever fills it with large bodies does not keep the usual small
// ones out.
const small = 64 << 10

// noRoomError is a body for which there was no room, beside those of other requests.
type noRoomError struct{ need, limit int64 }

func (e *noRoomError) Error() string {
	return fmt.Sprintf("a buffer of %d bytes for the request's body is more than other requests leave of %d (body_memory)", e.need, e.limit)
}

// resize changes what a request holds to a buffer of n bytes. It changes nothing where there is no room.
func (m *memory) resize(held *int64, n int64) error {
	if n <= small {
		n = 0
	}
	more := n - *held
	if m.held.Add(more) > m.limit && more > 0 {
		m.held.Add(-more)
		return &noRoomError{n, m.limit}
	}
	*held = n
	return nil
}
