//go:build unix

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"
)

// TestConcurrentWriters: calls that write the same record at the same time all succeed, and none undoes another one's.
func TestConcurrentWriters(t *testing.T) {
	const writers, rounds = 10, 3 // of the 30 spare categories
	dsn := dsn(t, 18)
	h := sandboxOn(t, dsn, 18)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				category := 92100 + w*rounds + r
				got := ask(t, h, 18, fmt.Sprintf(`2, "admin", "res.partner", "write",
					[[91006], {"category_id": [[4, %d]], "child_ids": [[0, 0, {"name": "Child %d"}]]}]`, category, category))
				if got.Error != nil {
					t.Errorf("category %d: %s: %s", category, got.Error.Data.Name, got.Error.Data.Message)
				}
			}
		})
	}
	wg.Wait()
	var partners []struct {
		Categories []int `json:"category_id"`
		Children   []int `json:"child_ids"`
	}
	got := ask(t, h, 18, `2, "admin", "res.partner", "read", [[91006], ["category_id", "child_ids"]]`)
	if err := json.Unmarshal(got.Result, &partners); err != nil {
		t.Fatalf("%v: %s %v", err, got.Result, got.Error)
	}
	if n, m := len(partners[0].Categories), len(partners[0].Children); n != writers*rounds || m != writers*rounds {
		t.Errorf("%d categories and %d children are there, want %d of each", n, m, writers*rounds)
	}
}

// TestDeadlock: calls that take two records in opposite orders get in each other's way, and both succeed.
func TestDeadlock(t *testing.T) {
	h := sandboxOn(t, dsn(t, 18), 18)
	var wg sync.WaitGroup
	for w := range 4 {
		first, second := 91002, 91003
		if w%2 == 1 {
			first, second = second, first
		}
		wg.Go(func() {
			for range 5 {
				got := ask(t, h, 18, fmt.Sprintf(`2, "admin", "res.partner", "write",
					[[91001], {"child_ids": [[1, %d, {"city": "A"}], [1, %d, {"city": "B"}]]}]`, first, second))
				if got.Error != nil {
					t.Errorf("%s: %s", got.Error.Data.Name, got.Error.Data.Message)
				}
			}
		})
	}
	wg.Wait()
}

// TestNumbers: ids are PostgreSQL's. A call that fails uses its up, and nothing else has them again.
func TestNumbers(t *testing.T) {
	h := sandboxOn(t, dsn(t, 18), 18)
	create := func(values string) reply {
		return ask(t, h, 18, `2, "admin", "res.currency.rate", "create", [`+values+`]`)
	}
	id := func(got reply) int {
		t.Helper()
		n, err := strconv.Atoi(string(got.Result))
		if err != nil {
			t.Fatalf("create: %s %v", got.Result, got.Error)
		}
		return n
	}
	first := id(create(`{"currency_id": 1, "name": "2024-03-01", "rate": 1.5}`))
	if got := create(`{"currency_id": 1, "name": "2024-03-01", "rate": 1.5, "company_id": 99999999}`); got.Error == nil {
		t.Fatal("a rate of a company that is not there was created")
	}
	list := ask(t, h, 18, `2, "admin", "res.currency.rate", "create", [[{"currency_id": 1, "name": "2024-03-02"}, {"currency_id": 1, "name": "2024-03-03"}]]`)
	var ids []int
	if err := json.Unmarshal(list.Result, &ids); err != nil || len(ids) != 2 || ids[0] <= first || ids[1] != ids[0]+1 {
		t.Errorf("after %d came %s %v", first, list.Result, list.Error)
	}
}
