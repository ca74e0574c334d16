#!/bin/sh
# fuzz.sh SECONDS [TARGET…]: runs fuzz targets with cargo-fuzz on nightly, each for SECONDS, from
# fuzz/corpus and, where they take SQL, the texts of the corpora of the tests; what they find to go on
# with is kept in target/fuzz. SANITIZER=address looks at libpg_query's memory too, at a third of
# the speed. Without cargo-fuzz the committed corpus is replayed on stable, which is what `make test`
# does too.
set -eu
seconds=$1
shift
cd "$(dirname "$0")/.."
if ! { command -v cargo-fuzz && cargo +nightly --version; } >/dev/null 2>&1; then
    echo 'cargo-fuzz on nightly is not installed: replaying the corpus on stable' >&2
    exec cargo test --locked --test fuzz_replay
fi
# libpg_query's coverage counts too where clang is there.
clang=$(command -v clang || ls /usr/bin/clang-[0-9][0-9] 2>/dev/null | tail -n 1)
if [ -n "$clang" ]; then
    export CC="$clang" CFLAGS="${CFLAGS:-} -fsanitize=fuzzer-no-link"
fi
texts=target/fuzz/texts
rm -rf "$texts"
mkdir -p "$texts"
pieces() {
    awk -v texts="$texts" -v RS="$1" \
        'length($0) < 4000 { file = texts "/" ++n "'"$2"'"; print > file; close(file) }'
}
pieces '\n' attack <src/policy/data/attacks.sql
find tests -name '*.sql' -exec sh -c 'cat "$1"; echo; echo ";;"' - '{}' ';' | pieces '\n;;\n' text
[ $# -gt 0 ] || set -- $(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')
for name in "$@"; do
    found=target/fuzz/$name
    mkdir -p "$found"
    case $name in
        cuts | facts | judge | shapes)
            set -- "$texts" -- -max_len=4096 -dict=fuzz/sql.dict ;;
        *) set -- -- -max_len=65536 ;;
    esac
    cargo +nightly fuzz run -s "${SANITIZER:-none}" "$name" "$found" "fuzz/corpus/$name" "$@" \
        -max_total_time="$seconds"
done
