# The commands a person types. Continuous integration calls `check` and `test` and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CLIENTS := tests/clients
DENY_VERSION := 0.20.2

.PHONY: help
help: ## Say what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: ## Build everything and start the live demo: server, simulated fleet, misbehaving endpoints.
	cargo run --locked --bin fieldhook -- demo --data data/demo

.PHONY: dev
dev: ## Start the server alone, with debug output, on ./data/dev.
	cargo run --locked --bin fieldhook -- serve --data data/dev --allow-destinations 127.0.0.0/8

.PHONY: test
test: tools-test ## Install what the tests need, then run every test.
	cargo test --workspace --locked
	FIELDHOOK_BIN=$(CURDIR)/target/debug/fieldhook npm --prefix $(CLIENTS) test

.PHONY: check
check: tools-check ## Format, lints, licences, layers: all without running a test.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo deny --locked check bans licenses sources
	target/debug/fieldhook openapi > target/openapi.json
	diff -u docs/openapi.json target/openapi.json || { echo 'docs/openapi.json is stale: run make docs'; exit 1; }

.PHONY: bench
bench: ## Measure speed, latency, memory and matching cost, each against its limit.
	cargo build --release --locked --bin fieldhook
	target/release/fieldhook bench

.PHONY: docs
docs: ## Write the files that are made from the code.
	cargo run --locked --bin fieldhook -- openapi > docs/openapi.json

.PHONY: tools-test
tools-test: $(CLIENTS)/node_modules/.installed
	cargo build --workspace --locked

.PHONY: tools-check
tools-check:
	@cargo deny --version 2>/dev/null | grep -q '$(DENY_VERSION)' || cargo install --locked cargo-deny@$(DENY_VERSION)
	cargo build --workspace --locked

# npm runs the packages' own install scripts only where a native part is needed, and none is needed here.
$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y nodejs npm; }
	npm --prefix $(CLIENTS) ci --ignore-scripts --no-fund --no-audit
	touch $@
