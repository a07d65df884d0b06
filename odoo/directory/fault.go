package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"odoobridge/auth"
)

// Fault is what keeps a database from being used, so far as it can be told from an error.
type Fault uint8

const (
	FaultOther      Fault = iota
	FaultHost             // the host's name can't be resolved
	FaultRefused          // nobody listens at the address
	FaultTimeout          // no answer: a wrong address or a firewall
	FaultLogin            // the password is wrong, or there is no such role
	FaultAccess           // pg_hba.conf has no line that lets the role in from here
	FaultNoDatabase       // the server has no database of the name
	FaultConnect          // the role lacks CONNECT on the database
	FaultNoTLS            // the server has no TLS, and sslmode wants it
	FaultTLS              // the server's certificate is not trusted, or not for this host
	FaultRight            // the role lacks a right on a table or column
	FaultFull             // the server has no connection left
	FaultStarting         // the server starts, stops or recovers
	FaultPooler           // a pooler in between refuses what the driver asks for
)

// states are the states of PostgreSQL that tell a fault.
var states = map[pqerror.Code]Fault{
	"28P01": FaultLogin, "28000": FaultAccess, "3D000": FaultNoDatabase, "42501": FaultRight,
	"53300": FaultFull, "57P01": FaultStarting, "57P02": FaultStarting, "57P03": FaultStarting,
}

// FaultOf is what an error of the directory means.
func FaultOf(err error) Fault {
	var (
		pgErr   *pq.Error
		dns     *net.DNSError
		network net.Error
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		named   x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &pgErr):
		return faultOfState(pgErr)
	case errors.Is(err, auth.ErrUnknownDatabase):
		return FaultNoDatabase
	case errors.Is(err, pq.ErrSSLNotSupported):
		return FaultNoTLS
	case errors.As(err, &unknown), errors.As(err, &named), errors.As(err, &invalid), errors.As(err, &record):
		return FaultTLS
	case errors.As(err, &dns):
		return FaultHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return FaultRefused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return FaultTimeout
	case err != nil && strings.Contains(err.Error(), "certificate"):
		return FaultTLS // of our own, or a file that can't be read: lib/pq says so in words
	}
	return FaultOther
}

func faultOfState(err *pq.Error) Fault {
	fault := states[err.Code]
	switch {
	case fault == FaultRight && strings.Contains(err.Message, "for database"):
		return FaultConnect
	case fault == FaultAccess && strings.Contains(err.Message, "role "):
		return FaultLogin // role "x" does not exist, or is not permitted to log in
	case err.Code == "08P01": // PgBouncer's, whatever is wrong
		return faultOfPooler(err.Message)
	}
	return fault
}

// faultOfPooler reads PgBouncer's words, since it has one code for all it says.
func faultOfPooler(message string) Fault {
	for _, w := range []struct {
		words string
		fault Fault
	}{
		{"no such database", FaultNoDatabase}, {"does not exist", FaultNoDatabase},
		{"authentication failed", FaultLogin}, {"no such user", FaultLogin},
		{"startup parameter", FaultPooler}, {"pooling mode", FaultPooler},
		{"no more connections allowed", FaultFull}, {"query_wait_timeout", FaultFull},
	} {
		if strings.Contains(message, w.words) {
			return w.fault
		}
	}
	return FaultOther
}
