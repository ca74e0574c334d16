# Every target sets up what it needs first (scripts/setup.sh); Rust is all that must be there.

CARGO ?= cargo
DEMO_ARGS ?=

.PHONY: help demo build test tests check fmt clippy doc deny fuzz-replay fuzz-smoke setup

help:
	@echo 'make demo         a throwaway PostgreSQL with sample data behind pgward, and psql lines to paste'
	@echo 'make test         everything: format, lints, docs, unit and integration tests, real clients'
	@echo 'make check        format, lints, docs and licences only'
	@echo 'make fuzz-smoke   each fuzz target for 60 s (needs cargo-fuzz; replays the corpus without it)'

setup:
	@scripts/setup.sh test

demo:
	@scripts/setup.sh demo
	$(CARGO) run --quiet --locked --bin pgward -- demo $(DEMO_ARGS)

build:
	@scripts/setup.sh build
	$(CARGO) build --locked

check: fmt clippy doc deny

fmt:
	$(CARGO) fmt --check

clippy:
	@scripts/setup.sh build
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items --quiet

deny:
	@if command -v cargo-deny >/dev/null 2>&1; then \
	    $(CARGO) deny --locked check bans licenses sources; \
	else echo 'cargo-deny is not installed: licences and sources not checked'; fi

test: setup check tests

# Units, properties, snapshots, the fuzz corpus; then real servers and real clients.
tests: setup
	$(CARGO) test --locked

fuzz-replay:
	$(CARGO) test --locked --test fuzz_replay

fuzz-smoke:
	@scripts/setup.sh build
	scripts/fuzz-smoke.sh 60
