#!/bin/sh
# Records the profile that optimised builds are laid out by (profile/README.md): builds pgward so
# that it counts, runs the benches' own work through it (the end-to-end smoke test, a few minutes),
# and merges what it counted.
#
#   scripts/profile.sh [SECONDS]    of one peer's turn (8)
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-8}
work=$PWD/target/profile

tools=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin
if ! [ -x "$tools/llvm-profdata" ]; then
    echo 'profile: llvm-profdata is missing: rustup component add llvm-tools' >&2
    exit 1
fi
scripts/setup.sh bench

# What counts is not left out by the linker, so code that nobody calls must find the one function
# that older C libraries have not.
RUSTFLAGS="-Cprofile-generate=$work/counts" CARGO_TARGET_DIR=$work \
    cargo rustc --locked --release --bin pgward -- -Clink-arg=-Wl,--defsym=strlcpy=0
# Build scripts counted too.
rm -rf "$work/counts"
PGWARD_BIN=$work/release/pgward \
    cargo test --locked --bench e2e -- --seconds "$seconds" transactions connections bulk

"$tools/llvm-profdata" merge --sparse -o profile/pgward.profdata "$work"/counts/*.profraw
rustc -vV > profile/toolchain
ls -l profile/pgward.profdata
