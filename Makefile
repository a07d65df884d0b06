# The daily work. Everything needs Go; nothing needs a PostgreSQL that runs.

GO ?= go
# Arguments for make demo: make demo ARGS="--series 19".
ARGS ?=
# How long make fuzz tries each target.
FUZZTIME ?= 30s
# A running server for make conformance to replay the recordings of SERIES against, instead of the tests' own.
BASE_URL ?=
SERIES ?= 18

# A stack that runs, for make integration.
STACK_URL ?= http://127.0.0.1:8079
STACK_ADMIN_URL ?= http://127.0.0.1:8078
STACK_DB ?= odoo18
# The newest version that CHANGELOG.md has a section of.
VERSION ?= $(shell sed -n 's/^\#\# \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)

# The race detector is built with a C compiler.
RACE := $(if $(shell command -v $${CC:-gcc} 2>/dev/null),-race)

# Go stamps binaries with the commit, and stops where git cannot name one: an export without history, a checkout of
# another user.
ifneq ($(shell git rev-parse HEAD >/dev/null 2>&1 && echo yes),yes)
export GOFLAGS := $(GOFLAGS) -buildvcs=false
endif

.PHONY: build demo test integration browser-test screenshots compose-test lint bench fuzz conformance clients version release release-test kubernetes-test

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-X main.release=$(VERSION)' -o bin/odoobridge ./cmd/odoobridge

demo:
	$(GO) run ./cmd/odoobridge demo $(ARGS)

test:
	$(GO) test $(RACE) -timeout 10m ./...

# integration tries a bridge that runs in front of the sandbox with its fixture state: "docker compose --profile sandbox up".
integration:
	STACK_URL=$(STACK_URL) STACK_ADMIN_URL=$(STACK_ADMIN_URL) STACK_DB=$(STACK_DB) $(GO) test -count=1 -run '^TestStack' ./integration

# compose-test does so with docker-compose.yml and a real Docker engine, which it starts where none runs; and tries the unit of
# packaging/systemd in a container.
compose-test:
	integration/compose/run.sh

# release makes the archives for Linux, with checksums and bills of materials, in dist; release-test that two of them are
# the same to the byte.
release:
	packaging/release.sh $(VERSION) dist

release-test:
	packaging/try-release.sh $(VERSION)

# kubernetes-test tries packaging/kubernetes with Kubernetes' own libraries, which are a module apart.
kubernetes-test:
	cd integration/kubernetes && $(GO) vet ./... && $(GO) test ./...

version:
	@echo $(VERSION)

# browser-test drives the administrator's pages in a headless Chromium (Debian: chromium), screenshots takes the images of
# docs/ADMIN.md.
browser-test:
	ODOOBRIDGE_BROWSER=1 $(GO) test -count=1 -v -timeout 10m -run 'TestLife' ./integration/browser

screenshots:
	ODOOBRIDGE_BROWSER=1 ODOOBRIDGE_SCREENSHOTS=$(CURDIR)/docs/images $(GO) test -count=1 -v -run 'TestScreenshots' ./integration/browser

# clients installs what integration/clients needs, on Debian as root. Without it make test leaves the missing ones out by
# name.
clients:
	integration/clients/install.sh

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "run gofmt -w on:" >&2; echo "$$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@grep -q 'newTag: $(VERSION)' packaging/kubernetes/kustomization.yaml || { echo 'packaging/kubernetes names another version than $(VERSION)' >&2; exit 1; }
	@! command -v python3 >/dev/null || python3 -c 'import ast, sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]' \
		$$(find odoo/addon -name '*.py')
	@! command -v pylint >/dev/null || pylint --score=n --rcfile odoo/addon/.pylintrc odoo/addon/odoobridge

# bench measures the wire code alone, the bridge beside nginx, HAProxy and Caddy (it needs wrk and the first two, and
# installs none), and how much memory large and many requests take.
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./rpc ./auth
	$(GO) run ./integration/bench -o bench.txt
	$(GO) test -count=1 -run '^TestMemory' -v ./integration

# Of an input that is merely interesting, two seconds are spent on a shorter one: by default it is all of the time.
fuzz:
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s $$package; \
		done; \
	done

# conformance prints how many of the recordings agree: JSON answers made XML, the sandbox, the bridge in front of it.
conformance:
ifeq ($(BASE_URL),)
	$(GO) test -count=1 -v -run '^(TestReplay|TestRecordedTriples|TestConformance)$$' ./rpc ./odoo/sandbox ./integration
else
	$(GO) run ./fixtures/conformance/replay --series $(SERIES) --base-url $(BASE_URL)
endif
