# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# The chain started by whichever way, from empty volumes or full ones, and when each of its links was there.

members=(db redis api worker clock front pdf)

stop_stack() {
        systemctl stop lago.target 'lago-*.service'
}

empty_volumes() {
        podman volume rm -f lago_postgres_data lago_redis_data lago_storage_data >/dev/null
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
        local start m end=()
        start=$(now_ms)
        systemctl start lago.target
        for m in api worker front pdf; do
                end+=("$(ready_ms "lago-$m")")
        done
        end+=("$(first_line "$start" "$clock_words")")
        awk -v a="$start" -v b="$(latest "${end[@]}")" 'BEGIN { printf "%.1f\n", b - a }'
}

# by_ideal: the same with the containers started by hand, each the moment that what it stands on answers.
by_ideal() {
        local start end
        start=$(now_ms)
        systemd-run --quiet --unit=lago-ideal -p Delegate=yes -p Type=notify -p NotifyAccess=all -p KillMode=mixed \
                -p TimeoutStartSec=120 /var/tmp/bench/ideal "$1"
        end=$(first_line "$start" "$clock_words")
        end=$(latest "$end" "$(ready_ms lago-ideal)")
        awk -v a="$start" -v b="$end" 'BEGIN { printf "%.1f\n", b - a }'
        podman rm -f -t 5 -a >/dev/null 2>&1
        systemctl stop lago-ideal
        systemctl reset-failed lago-ideal 2>/dev/null || :
}
