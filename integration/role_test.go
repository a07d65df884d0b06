//go:build unix

package integration

import (
	"database/sql"
	"errors"
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

// managerRole is that of `odoobridge keys` in these tests: it has what `odoobridge grants --keys` gives it besides.
const managerRole = "odoobridge_keys"

// asRole are the DSNs that as has made, by the role and the DSN of the superuser.
var asRole struct {
	mu   sync.Mutex
	dsns map[[2]string]string
}

// asBridge is the DSN of the same database for bridgeRole, which is made if need be. A DSN that is not the superuser's stays
// as it is.
func asBridge(t testing.TB, dsn string) string { return as(t, dsn, bridgeRole) }

// asManager is the same for managerRole.
func asManager(t testing.TB, dsn string) string { return as(t, dsn, managerRole, "--keys") }

// as is the DSN for a role that has what the flags of `odoobridge grants` give. A demo has an odoobridge of its own already.
func as(t testing.TB, dsn, role string, flags ...string) string {
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
	if made, ok := asRole.dsns[[2]string{role, dsn}]; ok {
		return made
	}
	if err := grant(dsn, role, flags...); err != nil {
		t.Fatalf("make the role %s: %v", role, err)
	}
	u.User = url.UserPassword(role, bridgePassword)
	if asRole.dsns == nil {
		asRole.dsns = map[[2]string]string{}
	}
	asRole.dsns[[2]string{role, dsn}] = u.String()
	return u.String()
}

// grant makes a role and gives it its rights on the superuser's database, as the program prints them.
func grant(dsn, role string, flags ...string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(fmt.Sprintf(`DO $$ BEGIN
		CREATE ROLE %s LOGIN PASSWORD '%s';
	EXCEPTION WHEN duplicate_object THEN NULL; END $$`, role, bridgePassword))
	for _, some := range [][]string{nil, flags} {
		grants, e := exec.Command(binary, append([]string{"grants", "--role", role}, some...)...).Output()
		if err = errors.Join(err, e); err == nil {
			_, err = db.Exec(string(grants))
		}
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
