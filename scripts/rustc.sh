#!/bin/sh
# Runs rustc for cargo (.cargo/config.toml), and hands optimised builds the profile that
# `make profile` recorded: the blocks of code that a statement runs through are laid out next to
# one another. A profile is of the toolchain that recorded it; any other builds without it.
set -eu
case " $* " in
*profile-generate*) ;;
*' opt-level=3 '*)
    folder=$(cd "$(dirname "$0")/../profile" && pwd)
    if [ -f "$folder/pgward.profdata" ] && [ "$("$1" -vV)" = "$(cat "$folder/toolchain")" ]; then
        # Between two statements code goes out of the caches: less of it is inlined than where a
        # profile is of one loop (LLVM's default there is 3000).
        set -- "$@" "-Cprofile-use=$folder/pgward.profdata" -Cllvm-args=-no-pgo-warn-mismatch \
            -Cllvm-args=-enable-split-machine-functions -Cllvm-args=-hot-callsite-threshold=150
        # What is hot stands together in the program as well, across crates.
        case " $* " in
        *' --crate-type bin '*) set -- "$@" -Clink-arg=-Wl,-z,keep-text-section-prefix ;;
        esac
    fi
    ;;
esac
exec "$@"
