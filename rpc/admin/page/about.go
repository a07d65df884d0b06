package page

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// checkTimeout bounds all checks of one page together.
const checkTimeout = 3 * time.Second

// aboutPage is what the page about the bridge itself shows.
type aboutPage struct {
	Checks     []checkRow
	State      State
	Since      time.Time
	Settings   string
	Go         string
	Goroutines int
	Memory     int64 // bytes from the system
	Sessions   int
}

type checkRow struct{ Name, Problem string }

func (p *Page) about(w http.ResponseWriter, r *http.Request, s *session) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	page := aboutPage{State: p.cfg.State(), Since: p.cfg.Traffic.Since(), Settings: p.cfg.Settings, Go: runtime.Version(),
		Goroutines: runtime.NumGoroutine(), Sessions: p.sessions.count()}
	var asked sync.WaitGroup
	page.Checks = make([]checkRow, len(p.cfg.Checks))
	for i, c := range p.cfg.Checks {
		page.Checks[i].Name = c.Name
		asked.Go(func() {
			if err := c.Ask(ctx); err != nil {
				page.Checks[i].Problem = err.Error()
			}
		})
	}
	asked.Wait()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	page.Memory = int64(m.Sys - m.HeapReleased)
	return p.show(w, r, http.StatusOK, "about", view{Title: "About", Active: "about", session: s, Page: page})
}
