# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The chain started by whichever way, from empty volumes or full ones, and when each of its links was there.
# A start leaves in "began" when its command was given and in "clock_at" when the clock said its first line, in ms.

members=(db redis api worker clock front pdf)

stop_stack() {
        systemctl stop lago.target 'lago-*.service'
}

empty_volumes() {
        podman volume rm -f lago_postgres_data lago_redis_data lago_storage_data >/dev/null
        rm -f /var/lib/lago/{volumes,fingerprints,jobs-volume}
        podman volume create lago_postgres_data >/dev/null
        podman volume create lago_redis_data >/dev/null
        podman volume create lago_storage_data >/dev/null
}

# first_line SINCE_MS TEXT: when (ms) the journal first had TEXT after SINCE_MS; waits for it, 60 s at most. Of every unit:
# the containers of the ideal script have groups of their own.
first_line() {
        local deadline=$((SECONDS + 60)) at
        until at=$(journalctl -o json --output-fields=MESSAGE --since "@$(awk -v ms="$1" 'BEGIN { printf "%d", ms / 1000 }')" 2>/dev/null |
                jq -r --arg text "$2" --argjson since "$1" \
                        'select((.MESSAGE | type) == "string" and (.MESSAGE | contains($text))) |
                        (.__REALTIME_TIMESTAMP | tonumber / 1000) | select(. >= $since)' | head -n 1) && [ -n "$at" ]; do
                [ "$SECONDS" -lt "$deadline" ] || { echo "nobody said \"$2\"" >&2; return 1; }
                sleep 0.2
        done
        echo "$at"
}

# ready_ms UNIT: when systemd took it for started.
ready_ms() {
        date -d "$(systemctl show -P ActiveEnterTimestamp --timestamp=us "$1")" +%s%N | awk '{ printf "%.1f\n", $1 / 1000000 }'
}

latest() {
        printf '%s\n' "$@" | sort -n | tail -n 1
}

clock_words='Starting clock for'

# ours: the ms from the command until all serve, the clock having said its first line.
ours() {
        local m end=()
        began=$(now_ms)
        systemctl start lago.target
        for m in api worker front pdf; do
                end+=("$(ready_ms "lago-$m")")
        done
        clock_at=$(first_line "$began" "$clock_words")
        awk -v a="$began" -v b="$(latest "$clock_at" "${end[@]}")" 'BEGIN { printf "%.1f\n", b - a }'
}

# by_ideal: the same with the containers started by hand, each the moment that what it stands on answers.
by_ideal() {
        began=$(now_ms)
        systemd-run --quiet --unit=lago-ideal -p Delegate=yes -p Type=notify -p NotifyAccess=all -p KillMode=mixed \
                -p TimeoutStartSec=120 /var/tmp/bench/ideal "$1"
        clock_at=$(first_line "$began" "$clock_words")
        awk -v a="$began" -v b="$(latest "$clock_at" "$(ready_ms lago-ideal)")" 'BEGIN { printf "%.1f\n", b - a }'
}

stop_ideal() {
        podman rm -f -v -t 5 -a >/dev/null 2>&1
        systemctl stop lago-ideal
        systemctl reset-failed lago-ideal 2>/dev/null || :
}

# journal_count PATTERN: lines of the journal since the start began.
journal_count() {
        journalctl -q -o cat --since "@${began%???.*}" | grep -cE "$1" || :
}

# aftermath NAME: of the start just done, while all still run: how long after the last commit of the migrations the clock
# said its first line, and how much went wrong: for want of a table, and of units that systemd refuses to start so often
# (podman's health checks are such).
aftermath() {
        local commit deadline=$((SECONDS + 30))
        # The clock's first tick sends three jobs at once.
        until [ "$(journal_count '"status":"(success|error)".*"job":"Clock::|Clock::.*elapsed=')" -ge 3 ] || [ "$SECONDS" -ge "$deadline" ]; do sleep 0.2; done
        commit=$(podman exec lago-db psql -U lago -d lago -Atqc 'SELECT extract(epoch FROM max(created_at)) * 1000 FROM roles')
        awk -v a="$commit" -v b="$clock_at" 'BEGIN { printf "%.1f\n", b - a }' >>"$1.clock.ms"
        journal_count 'relation [^ ]* does not exist' >>"$1.relations"
        journal_count 'Start request repeated too quickly' >>"$1.refused"
        podman exec lago-redis redis-cli ZCARD dead >>"$1.dead"
}
