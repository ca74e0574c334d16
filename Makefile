# Every target sets up what it needs first (scripts/setup.sh); Rust is all that must be there.

CARGO ?= cargo
DEMO_ARGS ?=
ROUNDS ?= 7
SECONDS ?= 5
BENCH_ARGS ?=
RECORD ?=

.PHONY: help demo build test tests check fmt clippy doc deny regress props fuzz fuzz-smoke fuzz-replay setup \
    bench bench-core bench-e2e bench-instructions bench-smoke profile

help:
	@echo 'make demo         a throwaway PostgreSQL with sample data behind pgward, and psql lines to paste'
	@echo 'make test         everything: format, lints, docs, unit and integration tests, real clients'
	@echo 'make check        format, lints, docs and licences only'
	@echo 'make regress      all of PostgreSQL'\''s regression suite beside a direct session; a report in target/'
	@echo 'make props        random and spoiled SQL, far more of it (CASES=100000)'
	@echo 'make fuzz         each fuzz target for FUZZ_SECONDS=60, or TARGETS="cuts shapes"'
	@echo '                  (needs cargo-fuzz and nightly Rust; replays the corpus without them)'
	@echo 'make bench        the costs: inside the process, then beside haproxy and pgbouncer, with their bars'
	@echo '                  ROUNDS=7 SECONDS=5; also bench-core, bench-e2e, bench-instructions, bench-smoke'
	@echo 'make profile      records anew what optimised builds are laid out by (profile/README.md)'

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

# What is refused, by its cause, is in target/regress.txt.
regress: setup
	PGWARD_REGRESS_REPORT=$(CURDIR)/target/regress.txt \
	    $(CARGO) test --locked --test it -- --nocapture corpus::regress::whole

CASES ?= 100000

props: setup
	PGWARD_PROPS_CASES=$(CASES) PROPTEST_CASES=$(CASES) $(CARGO) test --locked --test props
	PROPTEST_CASES=$$(($(CASES) / 10)) $(CARGO) test --locked --lib -- policy::blind_tests
	PGWARD_PROPS_CASES=$$(($(CASES) / 20)) $(CARGO) test --locked --test it -- corpus::random

fuzz-replay:
	$(CARGO) test --locked --test fuzz_replay

FUZZ_SECONDS ?= 60
TARGETS ?=

fuzz:
	@scripts/setup.sh build
	scripts/fuzz.sh $(FUZZ_SECONDS) $(TARGETS)

fuzz-smoke: fuzz

# Figures, bars and method: docs/performance.md. The last part fails where a bar is missed.
bench: bench-core bench-e2e

# With criterion, inside the process.
bench-core:
	@scripts/setup.sh build
	$(CARGO) bench --locked --bench core

# Beside haproxy and pgbouncer; BENCH_ARGS names groups of rows: transactions latency bulk
# connections core memory growth.
bench-e2e:
	@scripts/setup.sh bench
	$(CARGO) bench --locked --bench e2e -- --rounds $(ROUNDS) --seconds $(SECONDS) $(BENCH_ARGS)

# Instructions per case against benches/instructions.baseline; RECORD=1 writes that anew.
bench-instructions:
	@scripts/setup.sh build
	$(CARGO) bench --locked --bench instructions -- $(if $(RECORD),--record)

# That every bench and every row still runs; unoptimised, so its figures mean nothing.
bench-smoke:
	@scripts/setup.sh bench
	$(CARGO) test --locked --bench core --bench instructions --bench e2e

# profile/README.md; needs `rustup component add llvm-tools`.
profile:
	scripts/profile.sh
