# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Words for killing what runs in the guest, and for saying whether it came back as it was. Pushed into the guest and
# sourced there: a moment can only be met from inside.

members=(db redis api worker clock front pdf)
all_units=(lago.target lago-{setup,db,redis,migrate,api,worker,clock,front,pdf,ready}.service)

main_pid() {
        systemctl show -P MainPID "lago-$1"
}

unit_cgroup() {
        echo "/sys/fs/cgroup$(systemctl show -P ControlGroup "lago-$1")"
}

# The first process of the container is the one whose parent is the monitor, or nobody of its own group.
container_pid() {
        head -n 1 "$(unit_cgroup "$1")"/libpod-payload-*/cgroup.procs 2>/dev/null
}

monitor_pid() {
        cat "/run/lago/engine/$1.conmon.pid" 2>/dev/null
}

state_of() {
        sed -n 's/^STATE="\{0,1\}\([a-z-]*\).*/\1/p' "/run/lago/state/$1" 2>/dev/null
}

invocations() {
        systemctl show -P InvocationID "${all_units[@]}" | grep . | paste -sd ' '
}

# --- does it serve, as on the first day? ----------------------------------------------------------------

serves() {
        local m active
        active=$(systemctl show -P ActiveState "${all_units[@]}" | grep . | sort -u)
        [ "$active" = active ] || return 1
        for m in "${members[@]}"; do
                [ "$(state_of "$m")" = serving ] || return 1
        done
        [[ $(systemctl show -P StatusText lago-ready) == "Lago serves"* ]] || return 1
        [ -z "$(systemctl list-jobs --no-legend 'lago*')" ] || return 1
        [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/health)" = 200 ] &&
                [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/)" = 200 ]
}

tell_all() {
        echo "# at $(date +%T), lago.target is $(systemctl show -P ActiveState lago.target):"
        systemctl list-jobs --no-pager 'lago*' | sed 's/^/# /'
        for m in setup db redis migrate api worker clock front pdf ready; do
                echo "# $m: $(systemctl show -P ActiveState -P SubState -P NRestarts -P StatusText "lago-$m" | paste -sd ' ')" \
                        "$(state_of $m)"
        done
        podman ps -a --format '{{.Names}} {{.Status}}' | sed 's/^/# /'
        # The words of the containers would drown the rest.
        journalctl -b -o short-precise --no-pager _COMM=lago-supervisor + _COMM=lago-setup + _COMM=systemd |
                grep -v -e '\.mount:' -e 'run-u[0-9]' -e 'health' | tail -n 60 | cut -c1-180 | sed 's/^/# /'
}

# serves_again SECONDS: without any command of ours; on a machine that is $slow times slower so many times as long.
serves_again() {
        local deadline=$((SECONDS + $1 * ${slow:-1}))
        until serves; do
                if [ "$SECONDS" -ge "$deadline" ]; then
                        echo "# it does not serve again"
                        tell_all
                        return 1
                fi
                sleep "${PAUSE:-0.2}"
        done
}

# One container for each member and none besides; each unit's group no deeper than on the first day.
clean() {
        local names m group
        names=$(podman ps -a --format '{{.Names}}' | sort | paste -sd ' ')
        if [ "$names" != "lago-api lago-clock lago-db lago-front lago-pdf lago-redis lago-worker" ]; then
                echo "# containers: $names"
                return 1
        fi
        for m in "${members[@]}"; do
                group=$(unit_cgroup "$m")
                if [ "$(find "$group" -mindepth 1 -maxdepth 1 -name 'libpod-payload-*' | wc -l)" != 1 ] ||
                        [ -n "$(find "$group" -mindepth 2 -type d -not -path '*/libpod-payload-*/*')" ] ||
                        [ "$(find "$group" -mindepth 1 -maxdepth 1 -type d | wc -l)" -gt 3 ] ||
                        [ -n "$(cat "$group/cgroup.procs")" ]; then
                        echo "# the control group of $m is not as on the first day:"
                        find "$group" -maxdepth 3 -type d | sed 's/^/# /'
                        return 1
                fi
        done
}

# healed SECONDS: serves again, and nothing is left. One whose store was killed may end a moment after all has served, so
# both are looked at until they hold together.
healed() {
        local deadline=$((SECONDS + $1 * ${slow:-1})) said
        while serves_again "$1"; do
                said=$(clean) && return 0
                [ "$SECONDS" -lt "$deadline" ] || break
                sleep "${PAUSE:-0.2}"
        done
        echo "$said"
        return 1
}

# gone MEMBER PID: systemd has seen that the main process ended; before, all looks well.
gone() {
        local i
        for ((i = 0; i < 600; i++)); do
                [ "$(main_pid "$1")" = "$2" ] || return 0
                sleep 0.1
        done
        echo "# systemd does not see that $2 of $1 ended"
        return 1
}

# --- moments drawn at random ----------------------------------------------------------------------------

# moment LIMIT_MS: waits between nothing and so long, the length drawn from the seed.
moment() {
        moment=$((RANDOM * $1 / 32768))
        sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
}

# one_of WORD...: one of them, in $drawn.
one_of() {
        shift "$((RANDOM % $#))"
        # shellcheck disable=SC2034
        drawn=$1
}

stop_all() {
        systemctl stop lago.target 'lago-*.service'
}

start_all() {
        systemctl start --no-block lago.target
}

# has_status MEMBER TEXT: waits for that STATUS, bounded.
has_status() {
        local deadline=$((SECONDS + 120 * ${slow:-1}))
        until [[ $(systemctl show -P StatusText "lago-$1") == *"$2"* ]]; do
                if [ "$SECONDS" -ge "$deadline" ]; then
                        echo "# lago-$1 never said \"$2\""
                        tell_all
                        return 1
                fi
                sleep 0.1
        done
}

# An empty database, and a release that runs its migrations one by one: 316 of them.
empty_database() {
        stop_all
        { podman volume rm -f lago_postgres_data && rm -f /var/lib/lago/volumes /var/lib/lago/fingerprints; } >/dev/null
        sed -i "s/^release = .*/release = $1/" /etc/lago/lago.conf
}
