//go:build unix && (race || !linux)

package socket

import "syscall"

// The system calls by way of the runtime: for systems on which going past it was not tried, and for the race detector,
// which learns from these calls that what was written before is known to who reads after.

func read(fd uintptr, p []byte) (int, syscall.Errno) {
	n, err := syscall.Read(int(fd), p)
	return n, number(err)
}

func write(fd uintptr, p []byte) (int, syscall.Errno) {
	n, err := syscall.Write(int(fd), p)
	return n, number(err)
}

func peek(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, err := syscall.Recvfrom(int(fd), p, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n, number(err)
}

// number is the errno that package syscall returned as an error.
func number(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
