# The commands a person types. Continuous integration calls `check` and `test` and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CLIENTS := tests/clients
CONSOLE := console
DENY_VERSION := 0.20.2
FUZZ_VERSION := 0.13.2

.PHONY: help
help: ## Say what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: console ## Build everything and start the live demo: server, simulated fleet, misbehaving endpoints.
	cargo run --locked --bin fieldhook -- demo --data data/demo

.PHONY: dev
dev: ## Start the server alone, with debug output, on ./data/dev.
	cargo run --locked --bin fieldhook -- serve --data data/dev --allow-destinations 127.0.0.0/8

.PHONY: dev-console
dev-console: $(CONSOLE)/node_modules/.installed ## Serve the console from its sources, in front of a server on port 8080.
	npm --prefix $(CONSOLE) run dev

.PHONY: console
console: $(CONSOLE)/dist/index.html ## Build the console; the next `cargo build` puts it into the server.

.PHONY: test
test: tools-test ## Install what the tests need, then run every test.
	cargo test --workspace --locked
	FIELDHOOK_TEST_SHARED=1 cargo test --package fieldhook-server --test it --locked
	tests/api/fuzz.sh
	FIELDHOOK_BIN=$(CURDIR)/target/debug/fieldhook npm --prefix $(CLIENTS) test
	tests/shared/run.sh npm --prefix $(CLIENTS) test
	npm --prefix $(CONSOLE) test
	FIELDHOOK_BIN=$(CURDIR)/target/debug/fieldhook npm --prefix $(CONSOLE) run journey
	tests/shared/run.sh npm --prefix $(CONSOLE) run journey

.PHONY: check
check: tools-check ## Format, lints, licences, layers: all without running a test.
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo deny --locked check bans licenses sources
	target/debug/fieldhook openapi > target/openapi.json
	diff -u docs/openapi.json target/openapi.json || { echo 'docs/openapi.json is stale: run make docs'; exit 1; }
	npm --prefix $(CONSOLE) run --silent types -- ../target/schema.d.ts
	diff -q $(CONSOLE)/src/api/schema.d.ts target/schema.d.ts || { echo 'the types of the console are stale: run make docs'; exit 1; }
	npm --prefix $(CONSOLE) run check

.PHONY: bench
bench: nats-server postgresql ## Measure speed, latency, memory and more, each against its limit: PARTS="throughput nodes".
	cargo build --release --locked --bin fieldhook
	FIELDHOOK_SHARED_FSYNC=on tests/shared/run.sh tests/shared/bench.sh $${PARTS:-}

.PHONY: soak
soak: ## Kill the server 500 times under load, cut a node off for a minute, and look for what was lost. Takes minutes.
	FIELDHOOK_KILLS=$${FIELDHOOK_KILLS:-500} FIELDHOOK_CUT_OFF_SECONDS=60 cargo test --locked --package fieldhook --test durable -- --nocapture

.PHONY: sim
sim: ## Simulate queue, gate, retries and replies with crashes and clock jumps: SEEDS=1000, or SEED=n alone.
	SEEDS=$${SEEDS:-1000} SEED=$${SEED:-} cargo test --locked --package fieldhook-server --test sim -- --nocapture

.PHONY: fuzz
fuzz: ## Look for inputs that break a promise: TIME=60 seconds for each target, TARGET=name for one.
	@cargo fuzz --version 2>/dev/null | grep -q '$(FUZZ_VERSION)' || cargo install --locked cargo-fuzz@$(FUZZ_VERSION)
	@command -v c++ >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y g++; } \
	|| { echo 'libFuzzer is built from C++: install a C++ compiler' >&2; exit 1; }
	for target in $${TARGET:-$$(ls fuzz/seeds)}; do \
		mkdir -p fuzz/corpus/$$target; \
		cargo fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$${TIME:-60}; \
	done

.PHONY: docs
docs: ## Write the files that are made from the code.
	cargo run --locked --bin fieldhook -- openapi > docs/openapi.json
	npm --prefix $(CONSOLE) run --silent types -- src/api/schema.d.ts

.PHONY: pictures
pictures: console chromium ## Take the pictures of README and docs anew, from the demo.
	cargo build --locked --bin fieldhook
	npm --prefix $(CONSOLE) run pictures

.PHONY: tools-test
tools-test: $(CLIENTS)/node_modules/.installed console chromium mail-server nats-server postgresql valgrind tests/api/.venv/.installed
	cargo build --workspace --locked

# The browser that the journey is made in.
.PHONY: chromium
chromium:
	@test -x "$${CHROMIUM:-/usr/bin/chromium}" || if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y chromium; \
	else echo 'the browser tests need Chromium: install it, or set CHROMIUM to where it is' >&2; exit 1; fi

# The mail server that the tests of alerts mail to. Debian's Python sees it, another one may not.
.PHONY: mail-server
mail-server:
	@PYTHON=$$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3); $$PYTHON -c 'import aiosmtpd' 2>/dev/null \
	|| if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y python3-aiosmtpd; \
	else echo 'the tests of alerts need a mail server: install aiosmtpd for Python' >&2; exit 1; fi

# The server that the tests of the queue on NATS start for themselves.
.PHONY: nats-server
nats-server:
	@command -v nats-server >/dev/null || if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y nats-server; \
	else echo 'the tests of the queue need nats-server, 2.9 or newer: install it' >&2; exit 1; fi

# The server that the tests of the store on PostgreSQL start for themselves.
.PHONY: postgresql
postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || if [ "$$(id -u)" = 0 ]; then \
	apt-get update && apt-get install -y postgresql; \
	else echo 'the tests of the store need PostgreSQL, 13 or newer: install it' >&2; exit 1; fi

# What counts the instructions of an event.
.PHONY: valgrind
valgrind:
	@command -v valgrind >/dev/null || if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y valgrind; \
	else echo 'the budget of an event is counted with valgrind: install it' >&2; exit 1; fi

# What sends anything to every route: schemathesis, in an environment of its own.
tests/api/.venv/.installed: tests/api/requirements.txt
	@command -v curl >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y curl; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y python3 python3-venv; } \
	|| { echo 'fuzzing the API needs Python 3.10 or newer with venv: install it' >&2; exit 1; }
	rm -rf tests/api/.venv && python3 -m venv tests/api/.venv
	tests/api/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: tools-check
tools-check: console
	@cargo deny --version 2>/dev/null | grep -q '$(DENY_VERSION)' || cargo install --locked cargo-deny@$(DENY_VERSION)
	cargo build --workspace --locked

NEEDS_NPM := command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y nodejs npm; }

# npm runs the packages' own install scripts only where a native part is needed, and none is needed here.
$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	@$(NEEDS_NPM)
	npm --prefix $(CLIENTS) ci --ignore-scripts --no-fund --no-audit
	touch $@

$(CONSOLE)/node_modules/.installed: $(CONSOLE)/package.json $(CONSOLE)/package-lock.json
	@$(NEEDS_NPM)
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major * 100 + minor >= 2019 ? 0 : 1)' \
	|| { echo "building the console needs Node.js 20.19 or newer, and this is $$(node --version)" >&2; exit 1; }
	npm --prefix $(CONSOLE) ci --ignore-scripts --no-fund --no-audit
	touch $@

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.installed docs/troubleshooting.md $(shell find $(CONSOLE)/src $(CONSOLE)/public -type f) \
		$(CONSOLE)/index.html $(CONSOLE)/vite.config.ts $(CONSOLE)/postcss.config.cjs
	npm --prefix $(CONSOLE) run build
