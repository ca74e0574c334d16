#!/bin/sh
# fuzz.sh SECONDS [TARGET…]: runs fuzz targets with cargo-fuzz on nightly, each for SECONDS, from
# fuzz/corpus and every text of the SQL corpora; what they find to go on with is kept in target/fuzz.
# Without cargo-fuzz the committed corpus is replayed on stable, which is what `make test` does too.
set -eu
seconds=$1
shift
cd "$(dirname "$0")/.."
if ! { command -v cargo-fuzz && cargo +nightly --version; } >/dev/null 2>&1; then
    echo 'cargo-fuzz on nightly is not installed: replaying the corpus on stable' >&2
    exec cargo test --locked --test fuzz_replay
fi
# libpg_query's coverage counts too where clang is there.
if command -v clang >/dev/null; then
    export CC=clang CFLAGS=-fsanitize=fuzzer-no-link
fi
texts=target/fuzz/texts
mkdir -p $texts
find src/policy/data tests -name '*.sql' -exec cat {} + |
    awk -v texts=$texts 'BEGIN { RS = ";\n" } length($0) < 4000 { file = texts "/" NR; print > file; close(file) }'
[ $# -gt 0 ] || set -- $(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')
for name in "$@"; do
    found=target/fuzz/$name
    mkdir -p "$found"
    seeds="fuzz/corpus/$name"
    case $name in cuts | facts | judge | shapes) seeds="$seeds $texts" ;; esac
    cargo +nightly fuzz run -s none "$name" "$found" $seeds -- \
        -max_total_time="$seconds" -max_len=4096 -dict=fuzz/sql.dict
done
