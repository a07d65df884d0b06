package directory_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
)

func TestFaultOf(t *testing.T) {
	postgres := func(code, message string) error {
		return &pq.Error{Code: pqerror.Code(code), Message: message}
	}
	for _, tt := range []struct {
		err  error
		want directory.Fault
	}{
		{nil, directory.FaultOther},
		{errors.New("something"), directory.FaultOther},
		{&net.DNSError{Err: "no such host", Name: "db"}, directory.FaultHost},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, directory.FaultRefused},
		{context.DeadlineExceeded, directory.FaultTimeout},
		{postgres("28P01", `password authentication failed for user "x"`), directory.FaultLogin},
		{postgres("28000", `role "x" does not exist`), directory.FaultLogin},
		{postgres("28000", `role "x" is not permitted to log in`), directory.FaultLogin},
		{postgres("28000", `no pg_hba.conf entry for host "10.0.0.1", user "x", database "y", no encryption`), directory.FaultAccess},
		{postgres("3D000", `database "x" does not exist`), directory.FaultNoDatabase},
		{auth.ErrUnknownDatabase, directory.FaultNoDatabase},
		{postgres("42501", `permission denied for database "x"`), directory.FaultConnect},
		{postgres("42501", `permission denied for table res_users`), directory.FaultRight},
		{pq.ErrSSLNotSupported, directory.FaultNoTLS},
		{x509.UnknownAuthorityError{}, directory.FaultTLS},
		{x509.HostnameError{Host: "db", Certificate: &x509.Certificate{}}, directory.FaultTLS},
		{x509.CertificateInvalidError{Reason: x509.Expired}, directory.FaultTLS},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, directory.FaultTLS},
		{postgres("53300", "sorry, too many clients already"), directory.FaultFull},
		{postgres("57P03", "the database system is starting up"), directory.FaultStarting},
		{postgres("08P01", "unsupported startup parameter: options"), directory.FaultPooler},
		{postgres("08P01", "no more connections allowed (max_client_conn)"), directory.FaultFull},
		{postgres("08P01", "something else"), directory.FaultOther},
	} {
		if tt.err != nil {
			tt.err = fmt.Errorf("database x: %w", tt.err)
		}
		if got := directory.FaultOf(tt.err); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.err, got, tt.want)
		}
	}
}
