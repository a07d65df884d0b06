package main

import (
	"fmt"
	"net"

	"github.com/rs/zerolog"
)

// notify is notifySystemd for a service that goes on when it fails.
func (p program) notify(log zerolog.Logger, state string) {
	if err := notifySystemd(p.lookupEnv, state); err != nil {
		log.Warn().Err(err).Msg("the service manager may think that this program does not start or stop")
	}
}

// notifySystemd tells the service manager that started this program what became of it ("READY=1", "STOPPING=1"), as
// sd_notify(3) does. Without a manager that wants to know, NOTIFY_SOCKET is not set and nothing is done.
func notifySystemd(lookupEnv func(string) (string, bool), state string) error {
	path, ok := lookupEnv("NOTIFY_SOCKET")
	if !ok || path == "" {
		return nil
	}
	// net takes a leading @ for the abstract namespace, as systemd writes it.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	return nil
}
