# SPDX-License-Identifier: MIT
# What the host tests stand on: a guest for each file, the package in it, and words for what an operator does.
# GUEST_SUITE is bookworm or trixie; LAGO_DEB a package other than that of "make deb". shellcheck shell=bash

root=$(readlink -f "$BATS_TEST_DIRNAME/../..")
guest=${LAGO_TEST_GUEST:-$root/tests/guest/guest}
GUEST=${GUEST_SUITE:-bookworm}-$(basename "$BATS_TEST_FILENAME" .bats)
export root guest GUEST

bats_require_minimum_version 1.5.0

# --- the guest ------------------------------------------------------------------------------------------

boot_guest() {
        "$guest" rm "$GUEST" >/dev/null 2>&1 || :
        "$guest" boot "$@" "$GUEST" "${GUEST_SUITE:-bookworm}"
}

boot_and_install() {
        boot_guest "$@"
        local packages=("$root"/build/lago-supervisor_*.deb)
        "$guest" install "$GUEST" "${LAGO_DEB:-${packages[0]}}" >/dev/null
}

# A sanitized program tells what it found in the journal, and ends; whoever it was, that is no good.
sanitizers_are_silent() {
        if in_guest journalctl --no-pager -o short | grep -E 'ERROR: AddressSanitizer|runtime error:'; then
                echo "# a sanitizer spoke"
                return 1
        fi
}

remove_guest() {
        [ -z "${LAGO_SANITIZED-}" ] || sanitizers_are_silent
        [ -n "${KEEP_GUEST-}" ] || "$guest" rm "$GUEST"
}

# in_guest COMMAND...; in_guest_sh reads a bash script from standard input.
in_guest() {
        "$guest" run "$GUEST" -- "$@"
}

in_guest_sh() {
        "$guest" sh "$GUEST" "$@"
}

# --- waiting for events, bounded ------------------------------------------------------------------------

# wait_for SECONDS COMMAND...: until it succeeds; says what it waited for when it never does.
wait_for() {
        local deadline=$((SECONDS + $1))
        shift
        until "$@" >/dev/null 2>&1; do
                if [ "$SECONDS" -ge "$deadline" ]; then
                        echo "# not in time: $*"
                        show_stack
                        return 1
                fi
                sleep "${PAUSE:-0.2}"
        done
}

show_stack() {
        in_guest systemctl status 'lago-*' --no-pager --lines=5 2>&1 | grep -v conmon | sed 's/^/# /' || :
}

# start_stack [SECONDS]: as an operator does; fails as systemctl does, and after a bound.
start_stack() {
        if ! in_guest timeout "${1:-120}" systemctl start lago.target; then
                show_stack
                return 1
        fi
}

stop_stack() {
        in_guest systemctl stop lago.target 'lago-*.service'
}

# Stopped, and as it was before the first start: no volumes, no keys, no cache.
wipe_stack() {
        in_guest_sh <<'SH'
systemctl stop lago.target 'lago-*.service'
systemctl reset-failed
podman volume rm -f lago_postgres_data lago_redis_data lago_storage_data >/dev/null 2>&1
rm -rf /etc/lago/secrets.env /etc/lago/lago.conf.d /etc/lago/env.d /var/cache/lago/* /var/lib/lago/* /run/lago
journalctl --rotate -q; journalctl --vacuum-time=1s -q
rm -f /var/tmp/engine.log
systemctl daemon-reload
SH
}

# refute COMMAND...: bats does not take a failure of "! COMMAND" for one.
refute() {
        if "$@"; then
                echo "# it should not succeed: $*"
                return 1
        fi
}

# --- asking ---------------------------------------------------------------------------------------------

active() {
        [ "$(in_guest systemctl show -P ActiveState "lago-$1")" = active ]
}

status_text() {
        in_guest systemctl show -P StatusText "lago-$1"
}

status_has() {
        status_text "$1" | grep -qF -- "$2"
}

invocation() {
        in_guest systemctl show -P InvocationID "lago-$1"
}

# ready_at MEMBER: usec since the guest's boot.
ready_at() {
        in_guest systemctl show -P ActiveEnterTimestampMonotonic "lago-$1"
}

started_at() {
        in_guest systemctl show -P InactiveExitTimestampMonotonic "lago-$1"
}

sql() {
        in_guest podman exec lago-db psql -U lago -d lago -Atqc "$1"
}

# The whole database as text; newer pg_dump writes a random word into each dump, which says nothing.
dump() {
        in_guest podman exec lago-db pg_dump -U lago lago | grep -v -E '^[\]?[\](un)?restrict '
}

redis() {
        in_guest podman exec lago-redis redis-cli "$@"
}

# shellcheck disable=SC2120 # all of it, or of a unit
journal() {
        in_guest journalctl -b --no-pager -o cat "$@"
}

# The error the product exists for.
relation_errors() {
        # shellcheck disable=SC2119 # of every unit
        journal | grep -cE 'relation \\?"[a-z_]*\\?" does not exist' || :
}

containers() {
        in_guest podman ps -a --format '{{.Names}}' | sort | paste -sd ' '
}

# config SECTION KEY VALUE: one key of a drop-in of its own.
config() {
        in_guest_sh "$@" <<'SH'
mkdir -p /etc/lago/lago.conf.d
printf '[%s]\n%s = %s\n' "$1" "$2" "$3" >"/etc/lago/lago.conf.d/50-$1-$2.conf"
systemctl daemon-reload
SH
}

# member_env MEMBER NAME=VALUE
member_env() {
        in_guest_sh "$@" <<'SH'
mkdir -p /etc/lago/env.d
echo "$2" >"/etc/lago/env.d/$1.env"
SH
}

# Every call of the engine that anything of ours makes is written to /var/tmp/engine.log from now on.
record_engine() {
        in_guest_sh <<'SH'
cat >/usr/local/bin/podman <<'SHIM'
#!/bin/sh
printf '%s\n' "$*" >>/var/tmp/engine.log
exec /usr/bin/podman "$@"
SHIM
chmod 755 /usr/local/bin/podman
: >/var/tmp/engine.log
SH
}

engine_calls() {
        in_guest grep -c -- "$1" /var/tmp/engine.log || :
}

api() {
        in_guest curl -s -m 10 "$@"
}

# code_of URL: with which status it answers, 000 for not at all.
code_of() {
        api -o /dev/null -w '%{http_code}' "$1" || :
}

serves() {
        local got
        got="$(code_of http://127.0.0.1:3000/health) from the API, $(code_of http://127.0.0.1:8080/) from the front"
        [ "$got" = '200 from the API, 200 from the front' ] || { echo "# $(date +%T): $got"; return 1; }
}
