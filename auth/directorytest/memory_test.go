package directorytest_test

import (
	"testing"
	"time"

	"odoobridge/auth/directorytest"
)

func TestMemory(t *testing.T) { directorytest.Run(t, directorytest.Fixture(time.Now), "odoo18") }
