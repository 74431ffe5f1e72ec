# SPDX-License-Identifier: MIT
# Words for several hosts on one database: each a guest on a bridge of its own. shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # root, guest: of lib.bash

host() {
        GUEST=$1 boot_and_install --bridge "$BRIDGE" --address "$2/24"
}

# on HOST COMMAND...
on() {
        GUEST=$1 in_guest "${@:2}"
}

# in_host HOST SCRIPT: with standard input.
in_host() {
        "$guest" run "$1" -- sh -c "$2"
}

# servers HOST ADDRESS: what somebody else manages in real life.
servers() {
        # shellcheck disable=SC2016 # for the shell in the guest
        GUEST=$1 in_guest_sh "$2" <<'SH'
podman run -d --name managed-db -p "$1:5432:5432" -e POSTGRES_USER=lago -e POSTGRES_PASSWORD=managed-by-the-test \
        docker.io/getlago/postgres-partman:15.0-alpine >/dev/null &&
podman run -d --name managed-redis -p "$1:6379:6379" docker.io/library/redis:7-alpine redis-server --appendonly yes >/dev/null
SH
}

# configure HOST ADDRESS: of the servers; SERVERS is the host on which they run.
configure() {
        # shellcheck disable=SC2016 # for the shell in the guest
        GUEST=$1 in_guest_sh "$2" <<'SH'
mkdir -p /etc/lago/lago.conf.d
printf '[database]\nmode = external\n[redis]\nmode = external\n' >/etc/lago/lago.conf.d/external.conf
printf '%s\n' "DATABASE_URL=postgresql://lago:managed-by-the-test@$1:5432/lago" "REDIS_URL=redis://$1:6379" >/etc/lago/lago.env
chmod 600 /etc/lago/lago.env
systemctl daemon-reload
SH
}

# share_keys FROM TO...: the keys are the database's, not the host's: README says to take them along.
share_keys() {
        local h
        on "$1" systemctl start lago-setup
        for h in "${@:2}"; do
                "$guest" pull "$1" /etc/lago/secrets.env | in_host "$h" 'install -m 600 /dev/stdin /etc/lago/secrets.env'
        done
}

managed_sql() {
        on "$SERVERS" podman exec managed-db psql -U lago -d lago -Atqc "$1"
}

# --- the clocks, seen from outside: the processes of all guests are this machine's ------------------------

# clocks HOST: one line for each container of a clock that runs there.
clocks() {
        # shellcheck disable=SC2086 # a pattern
        grep -ls . /sys/fs/cgroup/{,unified/}lago-guest-*-$1/{,payload/}lago.slice/lago-clock.service/libpod-payload-*/cgroup.procs
}

# The most clocks that ever ran at once, looked at all the time.
watch_clocks() {
        (
                exec 3>&-
                most=0 looks=0
                while sleep 0.02; do
                        now=$(clocks "$GUEST-*" | wc -l)
                        [ "$now" -le "$most" ] || most=$now
                        echo "$most $((++looks))" >"$BATS_FILE_TMPDIR/clocks.new"
                        mv "$BATS_FILE_TMPDIR/clocks.new" "$BATS_FILE_TMPDIR/clocks"
                done
        ) >/dev/null 2>&1 &
        echo "$!" >"$BATS_FILE_TMPDIR/watcher"
}

never_two_clocks() {
        local most looks
        read -r most looks <"$BATS_FILE_TMPDIR/clocks"
        echo "# at most $most clocks at once in $looks looks"
        [ "$most" = 1 ] && [ "$looks" -gt 100 ]
}

serves_on() {
        [[ $(GUEST=$1 status_text ready) == "Lago serves"* ]]
}

runs_on() {
        [ -n "$(clocks "$1")" ] && GUEST=$1 status_has clock Running
}

stands_by_on() {
        [ -z "$(clocks "$1")" ] && GUEST=$1 status_has clock 'Standby: the clock at'
}
