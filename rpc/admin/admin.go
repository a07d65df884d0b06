// Package admin is the second listener: whether the bridge lives, whether it is ready, and its metrics; the administrator's
// pages are rpc/admin/page. It is not for callers, and by default it listens on loopback only.
package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check asks one thing that the bridge needs. Its error says what is wrong and holds no secret.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

// checkTimeout bounds all checks of one /readyz together.
const checkTimeout = 3 * time.Second

// New returns the handler of the admin listener. What is none of these is for pages, which may be nil:
//
//	GET /livez          200 while the process runs
//	GET /readyz         200 when every check passes, else 503; {"ready": bool, "checks": {name: "ok" or what is wrong}}
//	GET /readyz/{name}  the same of one check
//	GET /metrics        Prometheus, of gather
func New(gather prometheus.Gatherer, pages http.Handler, checks ...Check) http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]bool{"live": true})
	}).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/readyz", readyz(checks)).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/readyz/{name}", readyzOf(checks)).Methods(http.MethodGet, http.MethodHead)
	r.Handle("/metrics", promhttp.HandlerFor(gather, promhttp.HandlerOpts{})).Methods(http.MethodGet)
	if pages != nil {
		r.NotFoundHandler = pages
	}
	return r
}

func readyz(checks []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		said := make([]string, len(checks))
		var asked sync.WaitGroup
		for i, c := range checks {
			asked.Go(func() {
				said[i] = "ok"
				if err := c.Ask(ctx); err != nil {
					said[i] = err.Error()
				}
			})
		}
		asked.Wait()
		answer := struct {
			Ready  bool              `json:"ready"`
			Checks map[string]string `json:"checks"`
		}{true, map[string]string{}}
		for i, c := range checks {
			answer.Checks[c.Name] = said[i]
			answer.Ready = answer.Ready && said[i] == "ok"
		}
		status := http.StatusOK
		if !answer.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, answer)
	}
}

// readyzOf asks the one check that the path names.
func readyzOf(checks []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == mux.Vars(r)["name"] })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		readyz(checks[i:i+1])(w, r)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the error is the connection's
}
