# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2086,SC2154
# What must hold once Lago serves again, which takes no command. Sourced by inside.sh.

wrong=0

no() {
        echo "# WRONG: $*"
        wrong=1
}

excused() {
        [ -e "$drill/excuse-$1" ]
}

# What anybody has written into the journal since the last look, over a power cut, too.
read_journal() {
        local since
        since=$(cat $drill/since)
        date +%s >$drill/since
        journalctl --since "@$since" --no-pager -o cat >$drill/said
        journalctl --since "@$since" --no-pager -o cat -u lago-db >$drill/said-by-db
}

check_rows() {
        sort -u $drill/rows >/tmp/acknowledged
        query 'SELECT n FROM standin_rows' >/tmp/rows || query 'SELECT n FROM standin_rows' >/tmp/rows || no 'PostgreSQL does not answer'
        sort -u /tmp/rows | comm -23 /tmp/acknowledged - >/tmp/lost
        [ ! -s /tmp/lost ] || no "$(wc -l </tmp/lost) acknowledged rows are lost: $(head -n 5 /tmp/lost | paste -sd ' ')"
        if grep -q -E 'was not properly shut down|was interrupted;' $drill/said-by-db && ! excused recovery; then
                no 'PostgreSQL was not let write its checkpoint'
        fi
}

# states ID...: of each job a word.
states() {
        curl -s -m 20 "${@/#/http://127.0.0.1:3000/test/jobs/}" 2>/dev/null | jq -r '.state // "lost"' 2>/dev/null
}

check_jobs() {
        local ids i said=''
        mapfile -t ids < <(sort -u $drill/jobs)
        : >$drill/jobs
        ! excused jobs && [ ${#ids[@]} -gt 0 ] || return 0
        for ((i = 0; i < 100 * ${slow:-1}; i++)); do
                said=$(states "${ids[@]}")
                [ "$(grep -c -x 'done' <<<"$said")" != ${#ids[@]} ] || return 0
                sleep 0.3
        done
        no "of ${#ids[@]} acknowledged jobs some are lost: $(sort <<<"$said" | uniq -c | paste -sd ' ')"
}

check_order() {
        local dead count
        [ ! -s $drill/seen ] || no "$(head -n 3 $drill/seen)"
        : >$drill/seen
        count=$(schema_count)
        [ "$count" = "$(needed_of "$(release_in $kept)")" ] || no "the schema is not whole: $count"
        # A job has no second try, so one that a killed PostgreSQL took along is dead, whoever runs Lago: none may be for want of
        # a table or a column.
        dead=$(podman exec lago-redis redis-cli zrange dead 0 -1 | grep -cE 'does not exist|UndefinedTable|UndefinedColumn')
        [ "$dead" = 0 ] || no "$dead jobs are dead for want of a table"
        ! grep -E 'relation \\?"[a-z_]*\\?" does not exist' $drill/said | grep -v standin_rows | grep -m 1 . ||
                no "somebody ran into a table that is not there"
}

check_runs() {
        [ ! -s $drill/cut ] || excused run || no "a run of the migrations was $(head -n 1 $drill/cut)"
        : >$drill/cut
}

# "RELEASE DRILL"
said_in() {
        echo "$(release_in "$1") $(sed -n 's/^DRILL=//p' "$1/lago.env" | grep . || echo none)"
}

admitted() {
        said_in $kept
}

check_admitted() {
        local now
        now=$(admitted)
        case $(cat $drill/admitted) in
        either | "$now") ;;
        *) no "$now is admitted in place of $(cat $drill/admitted), and nobody has applied it" ;;
        esac
        echo "$now" >$drill/admitted
}

# becomes VALUE COMMAND...: it prints that, if not at once; after 30 s, or $patience.
becomes() {
        local wanted=$1 deadline=$((SECONDS + ${patience:-30} * ${slow:-1})) found
        shift
        found=$("$@")
        until [ "$found" = "$wanted" ]; do
                [ "$SECONDS" -lt "$deadline" ] || { no "$found and not $wanted: $*"; return; }
                sleep 0.5
                found=$("$@")
        done
}

names() {
        ! timeout 12 podman exec lago-worker getent hosts redis >/dev/null || echo resolved
}

# A clock is found out by its silence alone, which takes half an hour. Who stands still hears no SIGTERM, so it has its grace:
# PostgreSQL two minutes.
standing_still() {
        local status
        for status in /proc/[0-9]*/status; do
                ! grep -qs '^State:.T' "$status" || grep -sE 'lago.slice/lago-(api|db|front|pdf|redis|worker)' "${status%status}cgroup"
        done
}

check_orphans() {
        local group left
        left=$(find /run/lago /var/lib/lago /var/cache/lago -name '*.new*' 2>/dev/null)
        [ -z "$left" ] || no "half-written: $left"
        # The image of PostgreSQL brings an anonymous one along, which goes with its container.
        left=$(podman volume ls -q --filter=dangling=true)
        [ -z "$left" ] || no "volumes of nobody: $left"
        [ "$(podman volume ls -q | grep -c '^lago_')" = 3 ] || no "$(podman volume ls -q | grep -c '^lago_') volumes"
        becomes 7 pgrep -c conmon
        becomes 7 pgrep -c lago-relay
        becomes 1 pgrep -c -x aardvark-dns
        for group in /sys/fs/cgroup/lago.slice/*/; do
                case $group in */lago-*.service/) ;; *) no "a group $group" ;; esac
        done
        [ -z "$(systemctl list-units --failed --no-legend 'lago*')" ] || no "$(systemctl list-units --failed --no-legend 'lago*')"
}

check_secrets() {
        local file
        ! grep -qF -f $drill/secrets $drill/said || no "a key in the journal"
        ! systemctl show 'lago-*' | grep -qF -f $drill/secrets || no "a key in systemctl show"
        while read -r file; do
                ! grep -qF -f $drill/secrets "$file" || no "a key in $file, which all can read"
        done < <(setpriv --reuid=65534 --regid=65534 --clear-groups \
                find /run/lago /var/lib/lago /var/cache/lago /etc/lago -type f -readable 2>/dev/null)
}

# What stands still may have answered a moment ago, and is serving until it is found out.
heals() {
        patience=180 becomes '' standing_still
        healed "$1"
}

check() {
        local begun=$SECONDS
        heals "${1:-240}" || no "it does not heal"
        echo "# healed in $((SECONDS - begun)) s"
        if [ $wrong = 0 ]; then
                # Serving is not enough for the jobs that are noted from now on, which no fault excuses.
                becomes resolved names
                make_table
                beside
                read_journal
                check_order
                check_runs
                check_rows
                check_jobs
                check_admitted
                check_orphans
                check_secrets
                ! grep -F 'Bug: ' $drill/said || no "a bug was told"
                forget_release
                keep_dump || no "it does not serve after a stop"
        fi
        rm -f $drill/excuse-*
        # As it is now a power cut shall leave it.
        sync -f $drill
        [ $wrong = 0 ] || tell_all
        return $wrong
}
