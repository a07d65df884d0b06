//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// call is c's request as it goes over the wire.
func (c contestant) call() (address string, request []byte, err error) {
	u, err := url.Parse(c.url)
	if err != nil {
		return "", nil, err
	}
	request = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", u.Path, u.Host, c.contentType, len(c.body))
	for _, h := range c.headers {
		request = fmt.Appendf(request, "%s: %s\r\n", h[0], h[1])
	}
	return u.Host, fmt.Appendf(request, "\r\n%s", c.body), nil
}

// paced makes calls at a constant rate, whatever the answers do, and returns the 99th percentile of the time from when a
// call was to be sent to the end of its answer. What waits behind a slow answer counts as slow, too.
func paced(ctx context.Context, c contestant, perSecond int, d time.Duration) (time.Duration, error) {
	const connections = 32
	address, request, err := c.call()
	if err != nil {
		return 0, err
	}
	total := int64(d.Seconds() * float64(perSecond))
	times := make([]time.Duration, total)
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, connections)
	begin := time.Now().Add(500 * time.Millisecond)
	for range connections {
		wg.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil {
				errs <- err
				return
			}
			defer conn.Close()
			answers := bufio.NewReader(conn)
			// A first call, of which the time doesn't count, makes the connections behind it.
			if err := exchange(conn, answers, request); err != nil {
				errs <- err
				return
			}
			for i := next.Add(1) - 1; i < total && ctx.Err() == nil; i = next.Add(1) - 1 {
				due := begin.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
				time.Sleep(time.Until(due))
				if err := exchange(conn, answers, request); err != nil {
					errs <- err
					return
				}
				times[i] = time.Since(due)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return 0, fmt.Errorf("%s: %w", c.name, err)
	default:
	}
	slices.Sort(times)
	return times[total*99/100], ctx.Err()
}

// repeated makes n calls one after the other and returns the median of what each took.
func repeated(ctx context.Context, c contestant, n int) (time.Duration, error) {
	address, request, err := c.call()
	if err != nil {
		return 0, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	times := make([]time.Duration, n)
	for i := range times {
		begin := time.Now()
		if err := exchange(conn, answers, request); err != nil {
			return 0, fmt.Errorf("%s: %w", c.name, err)
		}
		times[i] = time.Since(begin)
	}
	return median(times), ctx.Err()
}

// exchange sends a request and reads its answer, which must be a good one.
func exchange(conn net.Conn, answers *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
