// Package sandbox is an Odoo for tests: the endpoints /jsonrpc and /xmlrpc of series 15, 18 and 19 on PostgreSQL tables
// shaped like Odoo's, as package fixtures makes them.
//
// What it knows of models is data: the tables ir_model, ir_model_fields, ir_model_access and ir_rule, and a short table
// of the attributes that Odoo keeps in Python (models.go). What it does is general: Python's rules for binding arguments,
// a table of field types, domains compiled to SQL, access rights by group, record rules. A call runs in a transaction of
// its own, and one that fails leaves nothing behind.
//
// Its truth is the recorded exchanges of real Odoo; replay_test.go replays them and keeps the count.
package sandbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Config says what a sandbox serves.
type Config struct {
	DB       *sql.DB // the database with the tables; it stays open when the sandbox is closed
	DSN      string  // opened where DB is nil, which is faster: see open
	Database string  // the name that callers use for it, such as "odoo18"
	Series   int     // 15, 18 or 19, which the tables have to be of
	Addon    bool    // Odoo's add-on for the bridge is installed, where auth_api_key is
	NoLegacy bool    // /jsonrpc and /xmlrpc are gone, as in an Odoo that has only JSON-2 left

	// PasswordRounds is what written passwords are hashed with; 0 is the series' own number, which takes half a second
	// of a processor from series 16 on.
	PasswordRounds int

	Log     zerolog.Logger
	Control bool // serve ControlPrefix and FaultHeader: whoever reaches the sandbox may change its state and its answers
}

// Sandbox is the server. It is an http.Handler, safe for concurrent use, and keeps nothing outside of itself.
type Sandbox struct {
	db       *sql.DB
	ownsDB   bool
	database string
	series   int
	addon    bool
	noLegacy bool
	log      zerolog.Logger
	registry *registry
	proofs   *proofs
	sessions sessions
	calls    sync.RWMutex // held for reading by each call, for writing by snapshots and by calls that are tried again
	control  *control     // nil where Config.Control is not set
}

// New reads the models from the database. It fails if the series is none that is known or the tables are not there.
func New(cfg Config) (*Sandbox, error) {
	if !slices.Contains([]int{15, 18, 19}, cfg.Series) {
		return nil, fmt.Errorf("sandbox: no series %d: choose 15, 18 or 19", cfg.Series)
	}
	if cfg.Database == "" {
		return nil, fmt.Errorf("sandbox: Config.Database is empty: name the database that callers ask for")
	}
	s := &Sandbox{
		db: cfg.DB, database: cfg.Database, series: cfg.Series, addon: cfg.Addon, noLegacy: cfg.NoLegacy,
		log: cfg.Log, proofs: newProofs(), sessions: sessions{uids: map[string]int64{}, confirmed: map[string]time.Time{}},
	}
	if cfg.Control {
		s.control = &control{sandbox: s, ledger: newLedger()}
	}
	if s.db == nil {
		var err error
		if s.db, err = open(cfg.DSN); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		s.ownsDB = true
	}
	var err error
	if s.registry, err = readRegistry(context.Background(), s.db, cfg.Series); err != nil {
		return nil, fmt.Errorf("sandbox: read the models of %s: %w", cfg.Database, err)
	}
	if cfg.Control {
		if err := dropSnapshots(context.Background(), s.db); err != nil {
			return nil, fmt.Errorf("sandbox: drop old snapshots in %s: %w", cfg.Database, err)
		}
	}
	if s.registry.passwordRounds = cfg.PasswordRounds; s.registry.passwordRounds == 0 {
		s.registry.passwordRounds = passwordRounds(cfg.Series)
	}
	return s, nil
}

// Close closes the database if New opened it.
func (s *Sandbox) Close() error {
	if s.ownsDB {
		return s.db.Close()
	}
	return nil
}
