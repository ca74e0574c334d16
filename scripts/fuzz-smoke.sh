#!/bin/sh
# Runs each fuzz target for SECONDS with cargo-fuzz on nightly; without them the committed corpus
# is replayed on stable, which is what `make test` does too.
set -eu
seconds=${1:-60}
cd "$(dirname "$0")/.."
if command -v cargo-fuzz >/dev/null 2>&1 && cargo +nightly --version >/dev/null 2>&1; then
    for source in fuzz/fuzz_targets/*.rs; do
        name=$(basename "$source" .rs)
        cargo +nightly fuzz run "$name" -- -max_total_time="$seconds" -max_len=65536
    done
else
    echo 'cargo-fuzz on nightly is not installed: replaying the corpus on stable' >&2
    cargo test --locked --test fuzz_replay
fi
