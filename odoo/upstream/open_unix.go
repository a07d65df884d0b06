//go:build unix

package upstream

import "syscall"

// open tells whether the other side has left an idle connection open, as far as the system knows without waiting.
func (conn *connection) open() bool {
	if conn.socket == nil {
		return true
	}
	open := false
	err := conn.socket.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		// Bytes that nobody asked for are no good sign either, but TLS sends tickets when it likes.
		open = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK || (n > 0 && conn.secure)
		return true
	})
	return err == nil && open
}
