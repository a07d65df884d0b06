package page

import (
	"context"
	"errors"
	"net/http"

	"odoobridge/auth"
)

// pageError is what is shown when something can't be.
type pageError struct {
	Status int
	Title  string
	Text   string
}

func (e *pageError) Error() string { return e.Title + ": " + e.Text }

// sessionEnded is a request without a session, or whose user may be here no more.
type sessionEnded struct {
	why string // "" where there was none
}

func (e *sessionEnded) Error() string { return "the session has ended: " + e.why }

// unavailableError is something that could not be asked. Its cause is for the log.
type unavailableError struct{ cause error }

func (e *unavailableError) Error() string { return e.cause.Error() }
func (e *unavailableError) Unwrap() error { return e.cause }

func unavailable(err error) error { return &unavailableError{err} }

// fail shows an error.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // no one is there any more
	}
	show, status := wordError(err)
	if status >= http.StatusInternalServerError {
		p.cfg.Log.Error().Err(err).Str("path", r.URL.Path).Msg("admin page")
	}
	v := view{Title: show.Title, Page: show}
	// Whoever has a session keeps the way to the other pages, unless it is that which ended.
	if s := p.sessions.find(sessionToken(r), false); s != nil && p.checkWay(r) == nil {
		v.session = s
	}
	if err := p.show(w, r, status, "error", v); err != nil {
		http.Error(w, show.Error(), status)
	}
}

func wordError(err error) (*pageError, int) {
	var shown *pageError
	var ended *sessionEnded
	var away *unavailableError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &shown):
		return shown, shown.Status
	case errors.As(err, &ended):
		return &pageError{Title: "Your session has ended", Text: "Nothing was done. Sign in and repeat it."}, http.StatusForbidden
	case errors.As(err, &large):
		return &pageError{Title: "Too large", Text: "The form is larger than any of these pages'."}, http.StatusRequestEntityTooLarge
	case errors.As(err, &away) && (auth.KindOf(err) == auth.Unavailable || errors.Is(err, context.DeadlineExceeded) || auth.KindOf(err) == 0):
		return &pageError{Title: "The database can't be asked", Text: "Odoo's database did not answer, or the role of the bridge lacks a right there; " +
			"the log says which (after an upgrade of the bridge, run odoobridge grants again). Load the page again in a moment."}, http.StatusServiceUnavailable
	case errors.As(err, &away):
		return &pageError{Title: "This can't be told at the moment", Text: "The log says why. Load the page again in a moment."}, http.StatusServiceUnavailable
	}
	return &pageError{Title: "Something went wrong", Text: "It is in the bridge's log."}, http.StatusInternalServerError
}
