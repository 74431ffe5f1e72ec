# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC1091,SC2086
# The drill inside the guest: what is known of it, the client that writes, and the watch that looks on meanwhile. Pushed beside
# crash.sh, faults.sh and checks.sh; "inside.sh WORD..." runs the function of that name.

. /var/tmp/crash.sh
. /var/tmp/faults.sh
. /var/tmp/checks.sh

drill=/var/tmp/drill
old=v1.50.0 new=v1.51.0

# bounded SECONDS COMMAND...
bounded() {
        timeout "$(($1 * ${slow:-1}))" "${@:2}"
}

# --- seen with our own eyes: nothing of it goes through the product or the engine ------------------------

# query SQL [DATABASE]: as a client outside the containers. An address that is not told any more may still be good.
query() {
        local told='' address
        address=$(<$drill/address)
        { told=$(</run/lago/state/db); } 2>/dev/null
        if [[ $told =~ ADDRESS=\"?([0-9a-f.:]+) ]] && [ "${BASH_REMATCH[1]}" != "$address" ]; then
                address=${BASH_REMATCH[1]}
                echo "$address" >$drill/address.$BASHPID
                mv $drill/address.$BASHPID $drill/address
        fi
        PGCONNECT_TIMEOUT=$((2 * ${slow:-1})) PGPASSWORD=$(<$drill/password) psql -h "$address" -U lago -d "${2:-lago}" -Atqc "$1" 2>/dev/null
}

# How many migrations the database has; nothing when it does not answer. To ask for a table that is not there would be told.
schema_count() {
        case $(query "SELECT to_regclass('schema_migrations') IS NOT NULL") in
        t) query 'SELECT count(*) FROM schema_migrations' ;;
        f) echo 0 ;;
        esac
}

needed_of() {
        case $1 in
        "$old") echo 1046 ;;
        "$new") echo 1075 ;;
        *) echo 0 ;;
        esac
}

# release_in DIRECTORY: what stands in its lago.conf.
release_in() {
        sed -n 's/^release = //p' "$1/lago.conf" 2>/dev/null
}

kept=/var/lib/lago/admitted

# What is in the slice: a payload has a name of its own for each container.
payloads() {
        local m
        for m in "$@"; do
                grep -l 'populated 1' "/sys/fs/cgroup/lago.slice/lago-$m.service"/libpod-payload-*/cgroup.events 2>/dev/null
        done
}

backends() {
        systemctl show -P Id -P ActiveState -P ActiveEnterTimestampMonotonic lago-{api,worker,clock}.service | paste -sd ' '
        payloads api worker clock
}

# --- beside the faults ----------------------------------------------------------------------------------

# A power cut may take along what was noted, but not what was on the console; "." so that a line cut short is known.
note_row() {
        echo "$1" >>$drill/rows
        echo "drill row $1 ." >/dev/console
}

# What was acknowledged before is not asked for any more.
forget_rows() {
        : >$drill/rows
        echo 'drill rows gone .' >/dev/console
}

# With those that the console told since the boot before the cut.
remember_rows() {
        {
                cat $drill/rows
                tr -d '\r' <$drill/console | sed -n 's/^drill rows\? \([0-9]*\|gone\) \.$/\1/p'
        } | awk '/gone/ { n = 0; next } NF { row[n++] = $0 } END { for (i = 0; i < n; i++) print row[i] }' >$drill/rows.new
        sync $drill/rows.new
        mv $drill/rows.new $drill/rows
}

# Rows and jobs, one after the other; what the API has answered for is noted. Of the jobs there are always some in hand.
client() {
        local n=0 id
        [ ! -e $drill/n ] || n=$(cat $drill/n)
        while :; do
                n=$((n + 1))
                echo $n >$drill/n
                [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:3000/test/rows?n=$n")" != 201 ] ||
                        note_row $n
                if [ $((n % 3)) = 0 ]; then
                        id=$(curl -s -m 5 -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=1.5' |
                                jq -r '.id // empty' 2>/dev/null)
                        [ -z "$id" ] || echo "$id" >>$drill/jobs
                fi
                sleep "${PAUSE:-0.2}"
        done
}

# Nothing of the backend runs or is ready on a schema that is not whole for what was admitted. That is so at every moment: whoever
# takes the schema away stops them before.
watch_backends() {
        local before count needed
        needed=$(needed_of "$(release_in $kept)")
        count=$(schema_count)
        [ "${count:-100000}" -lt "$needed" ] || return
        before=" $(backends)"
        count=$(schema_count)
        [ "${count:-100000}" -lt "$needed" ] || return
        case $before in
        *' active'* | */libpod-payload-*) ;;
        *) return ;;
        esac
        [ " $(backends)" != "$before" ] || echo "with $count migrations: ${before//$'\n'/ }" >>$drill/seen
}

# A run of the migrations ends when it is done, and not before.
watch_migrate() {
        local now count
        now=$(payloads migrate)
        if [ -n "$migrating" ] && [ "$now" != "$migrating" ]; then
                count=$(schema_count)
                [ "${count:-100000}" -ge "$needed" ] || echo "cut short at $count of $needed" >>$drill/cut
        fi
        if [ -n "$now" ] && [ "$now" != "$migrating" ]; then
                needed=$(needed_of "$(sed -n 's/^RELEASE=//p' /run/lago/state/migrate | tr -d '"')")
        fi
        migrating=$now
}

watch_secrets() {
        {
                cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n'
                systemctl show -P StatusText 'lago-*.service'
        } | grep -qF -f $drill/secrets && echo "a key in a command line or a STATUS" >>$drill/seen
}

watch() {
        local migrating='' needed=0 turn
        for ((turn = 0; ; turn++)); do
                watch_backends
                watch_migrate
                [ $((turn % 3)) != 0 ] || watch_secrets
                sleep "${PAUSE:-0.2}"
        done
}

beside() {
        local word
        for word in client watch; do
                systemctl reset-failed "drill-$word" 2>/dev/null
                systemctl is-active -q "drill-$word" || systemd-run -q --unit="drill-$word" --setenv=slow="${slow:-1}" \
                        --setenv=PAUSE="${PAUSE:-0.2}" bash /var/tmp/inside.sh "$word"
        done
}

# --- at the beginning -----------------------------------------------------------------------------------

# Migrations take some seconds, so that they can be hit; a sick member is found out soon, so that many can be looked at.
configure() {
        mkdir -p /etc/lago/lago.conf.d /etc/lago/env.d
        printf '[health]\ninterval = %ds\ntimeout = %ds\nrestart-after = 3\n' $((2 * ${slow:-1})) $((2 * ${slow:-1})) >/etc/lago/lago.conf.d/50-drill.conf
        printf 'STANDIN_SLOW_MIGRATION=all:3\nSTANDIN_SLOW_LOAD=2\n' >/etc/lago/env.d/migrate.env
        chmod 0600 /etc/lago/env.d/migrate.env
        systemctl daemon-reload
        sync -f /etc/lago
}

make_table() {
        query 'CREATE TABLE IF NOT EXISTS standin_rows (n int)'
}

prepare() {
        mkdir -p $drill
        touch $drill/{rows,jobs,seen,cut,address}
        systemctl enable -q lago.target
        configure
        bounded 300 systemctl restart lago.target || return
        grep -h '^[A-Z_]*=' /etc/lago/secrets.env | sed 's/^[A-Z_]*=//; s/^"//; s/"$//' | grep -E '.{12,}' | cut -c1-60 |
                sed 's/\\n.*//' | grep -E '.{12,}' >$drill/secrets
        sed -n 's/^POSTGRES_PASSWORD=//p' /etc/lago/secrets.env | tr -d '"' >$drill/password
        date +%s >$drill/since
        admitted >$drill/admitted
        beside
        check
}

# during MSEC: so long after a run of the migrations has begun, where one is due; "-" for at once.
during() {
        local i count
        [ "$1" != - ] || return 0
        for ((i = 0; i < 150; i++)); do
                [ -z "$(payloads migrate)" ] || break
                count=$(schema_count)
                [ "${count:-0}" -lt "$(needed_of "$(release_in /etc/lago)")" ] || return 0
                sleep 0.2
        done
        sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
}

# fault SEED DURING NAME [TARGET]
fault() {
        RANDOM=$1
        during "$2"
        "fault_$3" "${@:4}"
}

"$@"
