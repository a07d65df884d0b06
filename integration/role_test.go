//go:build unix

package integration

import (
	"database/sql"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// bridgeRole is the role as which every bridge of these tests connects: one that has what `odoobridge grants` gives it, and
// nothing else. So all that is tested is tested to need no more.
const bridgeRole, bridgePassword = "odoobridge", "canary-bridge-role-4c1f"

// asRole are the DSNs that asBridge has made, by that of the superuser.
var asRole struct {
	mu   sync.Mutex
	dsns map[string]string
}

// grantsSQL is what the program prints.
var grantsSQL = sync.OnceValues(func() (string, error) {
	out, err := exec.Command(binary, "grants", "--role", bridgeRole).Output()
	return string(out), err
})

// asBridge is the DSN of the same database for bridgeRole, which is made if need be. A DSN that is not the superuser's stays
// as it is.
func asBridge(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if u.User.Username() != "postgres" {
		return dsn
	}
	asRole.mu.Lock()
	defer asRole.mu.Unlock()
	if made, ok := asRole.dsns[dsn]; ok {
		return made
	}
	if err := grant(dsn); err != nil {
		t.Fatalf("make the role of the bridge: %v", err)
	}
	u.User = url.UserPassword(bridgeRole, bridgePassword)
	if asRole.dsns == nil {
		asRole.dsns = map[string]string{}
	}
	asRole.dsns[dsn] = u.String()
	return u.String()
}

// grant makes bridgeRole and gives it its rights on the superuser's database.
func grant(dsn string) error {
	grants, err := grantsSQL()
	if err != nil {
		return err
	}
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(fmt.Sprintf(`DO $$ BEGIN
		CREATE ROLE %s LOGIN PASSWORD '%s';
	EXCEPTION WHEN duplicate_object THEN NULL; END $$`, bridgeRole, bridgePassword))
	if err == nil {
		_, err = db.Exec(grants)
	}
	return err
}

// TestRoleOfTheBridge holds the tests to their word.
func TestRoleOfTheBridge(t *testing.T) {
	dsn := asBridge(t, stateDB(t))
	if asBridge(t, dsn) != dsn {
		t.Error("the role's own DSN does not stay as it is")
	}
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"SELECT name FROM res_partner", "SELECT signature FROM res_users", "UPDATE res_users SET active = true", "CREATE TABLE x ()"} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
