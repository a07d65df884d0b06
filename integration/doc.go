// Package integration tests the program from outside: the real binary as a child process, real clients, real sockets, a
// real PostgreSQL. It has no code of its own.
package integration
