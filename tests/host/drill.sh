# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC1091
# The drill inside the guest: the client that writes, the watch for a false READY, the faults, and what must hold after them.
# Pushed beside crash.sh; "drill.sh WORD..." runs the function of that name.

. /var/tmp/crash.sh

drill=/var/tmp/drill
backend_units=(lago-api.service lago-worker.service lago-clock.service)

# query SQL: as a client outside the containers; nothing of it goes through the engine.
query() {
        local address
        address=$(sed -n 's/^ADDRESS=//p' /run/lago/state/db 2>/dev/null | tr -d '"')
        [ -n "$address" ] || return 1
        PGCONNECT_TIMEOUT=5 PGPASSWORD=$(sed -n 's/^POSTGRES_PASSWORD=//p' /etc/lago/secrets.env | tr -d '"') \
                psql -h "$address" -U lago -d lago -Atqc "$1" 2>/dev/null
}

# --- beside the faults ----------------------------------------------------------------------------------

# Rows and jobs, one after the other; what the API has answered for is noted.
client() {
        local n=0
        [ ! -e $drill/n ] || n=$(cat $drill/n)
        while :; do
                n=$((n + 1))
                echo $n >$drill/n
                [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:3000/test/rows?n=$n")" != 201 ] ||
                        echo $n >>$drill/rows
                if [ $((n % 4)) = 0 ]; then
                        id=$(curl -s -m 5 -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=0.3' |
                                jq -r '.id // empty' 2>/dev/null)
                        [ -z "$id" ] || echo "$id" >>$drill/jobs
                fi
                sleep 0.2
        done
}

# What has just said READY=1 stands on a whole schema, seen with our own eyes; and no key is in sight.
watch() {
        local before='' now count
        while :; do
                now=$(systemctl show -P ActiveEnterTimestampMonotonic "${backend_units[@]}" | grep . | paste -sd ' ')
                if [ "$now" != "$before" ] && systemctl is-active -q "${backend_units[@]}"; then
                        count=$(query 'SELECT count(*) FROM schema_migrations')
                        if [ -n "$count" ] && [ "$count" -lt "$(cat $drill/needed)" ]; then
                                echo "ready with $count migrations: $(systemctl show -P ActiveState "${backend_units[@]}" | paste -sd ' ')"
                        fi >>$drill/false-ready
                fi
                before=$now
                cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -F -f $drill/secrets -m 1 >>$drill/shown-in-words
                sleep 0.3
        done
}

beside() {
        local word
        for word in client watch; do
                systemctl reset-failed "drill-$word" 2>/dev/null
                systemctl is-active -q "drill-$word" || systemd-run -q --unit="drill-$word" bash /var/tmp/drill.sh "$word"
        done
}

make_table() {
        query 'CREATE TABLE IF NOT EXISTS standin_rows (n int)'
}

prepare() {
        mkdir -p $drill
        touch $drill/{rows,jobs,excused}
        echo 1046 >$drill/needed
        grep -h '^[A-Z_]*=' /etc/lago/secrets.env | sed 's/^[A-Z_]*=//; s/^"//; s/"$//' | grep -E '.{12,}' | cut -c1-60 |
                sed 's/\\n.*//' | grep -E '.{12,}' >$drill/secrets
        admitted >$drill/admitted
        systemctl enable -q lago.target
        make_table && beside
}

# --- the faults -----------------------------------------------------------------------------------------

strike() {
        [ -n "$1" ] && kill "-${2:-KILL}" "$1" 2>/dev/null
        true
}

# Sidekiq takes a job off its list before it runs it: with the process the jobs in hand are lost, as in Lago itself.
excuse_jobs() {
        [ "$1" != worker ] || cat $drill/jobs >>$drill/excused
}

fault_process() { excuse_jobs "$1"; strike "$(container_pid "$1")"; }
fault_frozen() {
        # What Redis hands on to a worker that stands still is lost with it, too.
        [ "$1" != worker ] || touch $drill/excuse-all
        strike "$(container_pid "$1")" STOP
}
fault_monitor() { strike "$(monitor_pid "$1")"; }
fault_supervisor() { strike "$(main_pid "$1")"; }
fault_keeper() { strike "$(main_pid ready)"; }
fault_relay() { strike "$(pgrep -f "lago-relay $1( |\$)" | head -n 1)"; }

fault_paused() {
        local pid
        pid=$(main_pid "$1")
        [ "$pid" = 0 ] || { strike "$pid" STOP; sleep 3; strike "$pid" CONT; }
}

fault_podman() {
        local pid tries
        for ((tries = 0; tries < 100; tries++)); do
                for pid in $(pgrep -x "$1"); do
                        if grep -q lago.slice "/proc/$pid/cgroup" 2>/dev/null; then
                                kill -KILL "$pid"
                                return 0
                        fi
                done
                sleep 0.02
        done
}

fault_restart() { systemctl restart --no-block "lago-$1"; }
fault_bounce() { timeout 200 systemctl stop "lago-$1"; systemctl start --no-block lago.target "lago-$1"; }
fault_needrestart() { systemctl restart --no-block lago-{api,clock,db,front,migrate,pdf,ready,redis,setup,worker}.service; }
fault_stop() { timeout 300 systemctl stop lago.target 'lago-*.service'; acted; start_all; }
fault_target() { acted; systemctl restart --no-block lago.target; }
fault_reload() { systemctl daemon-reload; }
fault_reexec() { systemctl daemon-reexec; }
fault_journald() { systemctl kill -s KILL systemd-journald; }
fault_state() { rm -rf /run/lago/state; }
fault_rules() { nft flush ruleset; iptables -t nat -F 2>/dev/null; true; }
fault_names() { strike "$(pgrep -x aardvark-dns | head -n 1)"; }
fault_backends() { query 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()' >/dev/null; true; }
fault_migrate() { acted; systemctl restart --no-block lago-migrate; }
fault_apply() { acted; timeout 200 lagoctl apply --quiet --no-block; true; }

# Nothing can be written to /run for a while.
fault_full() {
        mount -o remount,size=1m /run
        head -c 2M /dev/zero >/run/drill-full 2>/dev/null
        sleep 4
        rm -f /run/drill-full
        mount -o remount,size=512m /run
}

# An edit that nobody has applied yet; what no admission may ever see is a release of its own.
fault_edit() {
        sed -i '/^DRILL=/d' /etc/lago/lago.env
        echo "DRILL=$RANDOM" >>/etc/lago/lago.env
}

# A new database: what was acknowledged before went with it, as whoever removed it wanted.
fault_fresh() {
        timeout 300 systemctl stop lago.target 'lago-*.service'
        systemctl stop drill-client
        { podman volume rm -f lago_postgres_data && rm -f /var/lib/lago/volumes /var/lib/lago/fingerprints; } >/dev/null
        : >$drill/rows
        acted
        start_all
}

after_power() { excuse_jobs worker; }

# An operator's act: what stands in /etc/lago is what may be admitted from now on.
acted() {
        echo either >$drill/admitted
}

admitted() {
        sed -n 's/^DRILL=//p' /var/lib/lago/admitted/lago.env | grep . || echo none
}

# --- what must hold -------------------------------------------------------------------------------------

wrong=0

no() {
        echo "# WRONG: $*"
        wrong=1
}

check_writes() {
        local id state i
        sort -u $drill/rows >/tmp/acknowledged
        query 'SELECT n FROM standin_rows' | sort -u | comm -23 /tmp/acknowledged - >/tmp/lost
        [ ! -s /tmp/lost ] || no "$(wc -l </tmp/lost) acknowledged rows are lost: $(head -n 5 /tmp/lost | paste -sd ' ')"
        while read -r id; do
                for ((i = 0; i < 150; i++)); do
                        state=$(curl -s -m 5 "http://127.0.0.1:3000/test/jobs/$id" | jq -r '.state // empty' 2>/dev/null)
                        [ "$state" != "done" ] || break
                        sleep 0.2
                done
                [ "$state" = "done" ] || grep -qx "$id" $drill/excused || no "the acknowledged job $id is ${state:-lost}"
        done < <([ -e $drill/excuse-all ] || tail -n 40 $drill/jobs)
        : >$drill/jobs
        rm -f $drill/excuse-all
}

check_order() {
        local dead
        [ ! -s $drill/false-ready ] || no "$(head -n 3 $drill/false-ready)"
        [ "$(query 'SELECT count(*) FROM schema_migrations')" = "$(cat $drill/needed)" ] || no "the schema is not whole"
        # A job has no second try, so one that a killed PostgreSQL took along is dead, whoever runs Lago: none may be for want of
        # a table or a column.
        dead=$(podman exec lago-redis redis-cli zrange dead 0 -1 | grep -cE 'does not exist|UndefinedTable|UndefinedColumn')
        [ "$dead" = 0 ] || no "$dead jobs are dead for want of a table"
        ! journalctl -b --no-pager -o cat | grep -E 'relation \\?"[a-z_]*\\?" does not exist' | grep -v standin_rows | grep -m 1 . ||
                no "somebody ran into a table that is not there"
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

# count NUMBER COMMAND...: it prints that number, if not at once.
count() {
        local n=$1 i found
        shift
        for ((i = 0; i < 20; i++)); do
                found=$("$@")
                [ "$found" != "$n" ] || return 0
                sleep 0.5
        done
        no "$found and not $n: $*"
}

check_orphans() {
        local group left
        left=$(find /run/lago /var/lib/lago /var/cache/lago -name '*.new*' 2>/dev/null)
        [ -z "$left" ] || no "half-written: $left"
        # The image of PostgreSQL brings an anonymous one along, which goes with its container.
        left=$(podman volume ls -q --filter=dangling=true)
        [ -z "$left" ] || no "volumes of nobody: $left"
        [ "$(podman volume ls -q | grep -c '^lago_')" = 3 ] || no "$(podman volume ls -q | grep -c '^lago_') volumes"
        count 7 pgrep -c conmon
        count 7 pgrep -c lago-relay
        count 1 pgrep -c -x aardvark-dns
        for group in /sys/fs/cgroup/lago.slice/*/; do
                case $group in */lago-*.service/) ;; *) no "a group $group" ;; esac
        done
        [ -z "$(systemctl list-units --failed --no-legend 'lago*')" ] || no "$(systemctl list-units --failed --no-legend 'lago*')"
}

check_secrets() {
        local file
        [ ! -s $drill/shown-in-words ] || no "a key on a command line"
        ! journalctl -b --no-pager -o cat | grep -qF -f $drill/secrets || no "a key in the journal"
        ! systemctl show 'lago-*' | grep -qF -f $drill/secrets || no "a key in systemctl show"
        while read -r file; do
                ! grep -qF -f $drill/secrets "$file" || no "a key in $file, which all can read"
        done < <(setpriv --reuid=65534 --regid=65534 --clear-groups \
                find /run/lago /var/lib/lago /var/cache/lago /etc/lago -type f -readable 2>/dev/null)
}

# All of it, once Lago serves again, which takes no command.
check() {
        healed "${1:-240}" || no "it does not heal"
        if [ $wrong = 0 ]; then
                make_table
                beside
                check_order
                check_writes
                check_admitted
                check_orphans
                check_secrets
                ! journalctl -b --no-pager -o cat _COMM=lago-supervisor | grep -F 'Bug: ' || no "a bug was told"
        fi
        [ $wrong = 0 ] || tell_all
        return $wrong
}

RANDOM=${SEED:-1}
"$@"
