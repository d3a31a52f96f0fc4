# make run     start the server        make test    everything that must hold before a commit
# make bench   measure it              make ui      rebuild the dashboard into admin-ui/dist
# make growth  measure it with more and more records
# make counts  record the instructions that the hottest paths take, for make test to compare with
# make static  one file that needs nothing of the system it runs on
# make torture kill it over and over under load, and see that nothing is lost

.DEFAULT_GOAL := run
.PHONY: run static test bench growth counts ui torture \
	need-cargo need-lints need-node need-chromium check-format check-lints check-rust check-acme check-docs check-counts check-sdk check-conformance check-ui check-dashboard

# What the SDK's suite runs against: the debug binary, because `cargo test` has built most of it.
HAVERSACK_BIN ?= $(abspath $(or $(CARGO_TARGET_DIR),target)/debug/haversack)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# A newcomer waits for one build. The debug build takes a fraction of the time of the optimized one
# and serves well enough to look around; whoever has built --release already gets that.
run: need-cargo
	@if [ -x "$(or $(CARGO_TARGET_DIR),target)/release/haversack" ]; then \
		exec cargo run --locked --release -- serve; \
	else \
		exec cargo run --locked -- serve; \
	fi

# Needs that target (rustup target add) and its C compiler (musl-tools on Debian).
static: need-cargo
	cargo build --locked --release --target $(shell uname -m)-unknown-linux-musl

# The cheap checks come first, so that a slip shows within seconds.
test: check-format check-lints check-rust check-acme check-docs check-ui check-sdk check-conformance check-dashboard check-counts

check-format: need-lints
	cargo fmt --check

check-lints: need-lints
	cargo clippy --locked --all-targets -- -D warnings

check-rust: need-cargo
	cargo test --locked

# The short tests of crashes and cut lines, with far more going on at once, and 200 kills for few.
torture: need-cargo
	HAVERSACK_TORTURE_ROUNDS=$(or $(ROUNDS),200) cargo test --locked --test durability -- --nocapture killed_again
	HAVERSACK_TORTURE=$(or $(UPLOADS),100) cargo test --locked --test durability --test storage -- --nocapture crash

# Certificates from a real ACME server: pebble, which Debian has.
check-acme: need-cargo
	@if ! command -v pebble >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq pebble >/dev/null || true; \
	fi
	@if command -v pebble >/dev/null; then \
		cargo test --locked --test acme; \
	else \
		echo "acme: not run, pebble is not there"; \
	fi

check-docs: need-cargo
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

check-sdk: need-cargo need-node need-chromium
	cargo build --locked
	cd tests/sdk && npm ci --no-audit --no-fund
	cd tests/sdk && HAVERSACK_BIN="$(HAVERSACK_BIN)" npm test

# Cases from PocketBase's own API tests, where they lie beside the repository.
CONFORMANCE ?= ../shared/conformance

check-conformance: need-cargo
	cargo build --locked
	@if [ ! -e "$(CONFORMANCE)/run.py" ]; then \
		echo "conformance: not run, $(CONFORMANCE) is not there"; \
	elif ! command -v python3 >/dev/null; then \
		echo "python3 is missing: install Python 3.11 or newer, then run make again"; exit 1; \
	else \
		python3 tests/conformance/check.py "$(CONFORMANCE)" "$(HAVERSACK_BIN)"; \
	fi

# The dashboard's build is committed so that cargo needs no Node; it must be the build of its source.
check-ui: need-node
	cd admin-ui && npm ci --no-audit --no-fund && npm run typecheck && npm run lint
	@fresh="$$(mktemp -d)"; trap 'rm -rf "$$fresh"' EXIT; \
	(cd admin-ui && npm run build -- --outDir "$$fresh" --emptyOutDir); \
	diff -r admin-ui/dist "$$fresh" || { echo "admin-ui/dist is stale: run make ui and commit it"; exit 1; }

# A real browser against the real program, on a desktop and on a phone.
check-dashboard: need-cargo need-node need-chromium
	cargo build --locked
	cd admin-ui && npm ci --no-audit --no-fund
	cd admin-ui && HAVERSACK_BIN="$(HAVERSACK_BIN)" npm run e2e

# Where valgrind cannot be had, this says so and is no failure. Its build is optimized, as the program is.
check-counts: need-cargo
	@if ! command -v valgrind >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq valgrind >/dev/null || true; \
	fi
	@if command -v valgrind >/dev/null; then \
		cargo bench --locked --profile profiling --bench paths; \
	else \
		echo "counts: not run, valgrind is not there"; \
	fi

counts: need-cargo
	COUNTS_UPDATE=1 cargo bench --locked --profile profiling --bench paths

# PEER=http://127.0.0.1:PORT PEER_EMAIL=… PEER_PASSWORD=… compares with a PocketBase that runs there;
# PEER_PID=… and PEER_DATA=… tell its CPU, memory and size. BENCH_FULL=1 for everything, BENCH_OUT=FILE
# for a table in Markdown, BENCH_LOGGING=1 for what the log of requests costs. benches/load/main.rs has all
# options.
bench: need-cargo
	cargo bench --locked --bench load

# GROWTH_MAX=10000000 goes to ten million records.
growth: need-cargo
	cargo bench --locked --bench growth

ui: need-node
	cd admin-ui && npm ci --no-audit --no-fund && npm run build

need-cargo:
	@command -v cargo >/dev/null || { \
		echo "cargo is missing: install Rust from https://rustup.rs, then run make again"; exit 1; }

# rustfmt and clippy are parts of Rust that a minimal installation leaves out.
need-lints: need-cargo
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || \
		rustup component add rustfmt clippy

NEW_ENOUGH := const [major, minor] = process.versions.node.split(".").map(Number); \
	process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)

need-node:
	@command -v npm >/dev/null && node -e '$(NEW_ENOUGH)' || { \
		echo "Node 20.19 or newer, with npm, is missing: get it from https://nodejs.org, then run make again"; exit 1; }

# Browsers are needed for what only browsers do, such as passkeys. CHROMIUM names one that is somewhere else.
need-chromium:
	@for place in "$${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do \
		if [ -x "$$place" ]; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "Chromium is missing: install it, or set CHROMIUM to its path, then run make again"; exit 1; \
	fi
