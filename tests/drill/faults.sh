# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2086,SC2154
# The faults, each a function "fault_NAME [MEMBER]", and what each excuses. Sourced by inside.sh.

# excuse WHAT: until the next look "jobs" may be lost, PostgreSQL may need a "recovery", a "run" of the migrations may be cut short.
excuse() {
        local what
        for what in "$@"; do
                touch "$drill/excuse-$what"
        done
}

# An operator's act: what stands in /etc/lago is what may be admitted from now on.
acted() {
        echo either >$drill/admitted
        sync $drill/admitted
}

strike() {
        [ -n "$1" ] && kill "-${2:-KILL}" "$1" 2>/dev/null
        true
}

# --- processes ------------------------------------------------------------------------------------------

# Sidekiq takes a job off its list before it runs it: with the process the jobs in hand are lost, as in Lago itself. What Redis
# hands on to a worker that stands still is lost with it, too.
excuse_member() {
        case $1 in
        worker) excuse jobs ;;
        db) excuse recovery run ;;
        redis) excuse jobs run ;;
        migrate) excuse run ;;
        esac
}

# A run that loses what it stands on fails, and a job that cannot tell Redis that it is done counts as not done.
excuse_followers() {
        case $1 in
        db) excuse run ;;
        redis) excuse jobs run ;;
        esac
}

fault_process() { excuse_member "$1"; strike "$(container_pid "$1")"; }

# The whole of it: a tini or an nginx that stands still alone is missed by nobody, for its children serve on.
fault_frozen() {
        local pid
        excuse_member "$1"
        while read -r pid; do
                strike "$pid" STOP
        done < <(cat "$(unit_cgroup "$1")"/libpod-payload-*/cgroup.procs 2>/dev/null)
}

fault_monitor() { excuse_followers "$1"; strike "$(monitor_pid "$1")"; }
fault_supervisor() { excuse_followers "$1"; strike "$(main_pid "$1")"; }
fault_keeper() { strike "$(main_pid ready)"; }
fault_relay() { strike "$(pgrep -f "lago-relay $1( |\$)" | head -n 1)"; }

fault_paused() {
        local pid
        pid=$(main_pid "$1")
        [ "$pid" = 0 ] || { strike "$pid" STOP; sleep 3; strike "$pid" CONT; }
}

# Podman takes SIGTERM for a wish to end well, and exits with 0.
fault_podman() {
        local pid tries
        one_of KILL TERM
        [ "$1" != conmon ] || { excuse run jobs; drawn=KILL; }
        for ((tries = 0; tries < 100; tries++)); do
                for pid in $(pgrep -x "$1"); do
                        if grep -q lago.slice "/proc/$pid/cgroup" 2>/dev/null; then
                                kill "-$drawn" "$pid"
                                return 0
                        fi
                done
                sleep 0.02
        done
}

after_power() {
        excuse jobs recovery run
        remember_rows
        [ -e $kept.new/begun ] || forget_release
        beside
}

# --- systemd and the operator ---------------------------------------------------------------------------

fault_restart() { excuse_followers "$1"; systemctl restart --no-block "lago-$1"; }
fault_bounce() {
        excuse_followers "$1"
        [ "$1" != migrate ] || acted
        bounded 200 systemctl stop "lago-$1"
        systemctl start --no-block lago.target "lago-$1"
}
fault_needrestart() { systemctl restart --no-block lago-{api,clock,db,front,migrate,pdf,ready,redis,setup,worker}.service; }
fault_stop() { bounded 300 systemctl stop lago.target 'lago-*.service'; acted; start_all; }
fault_target() { acted; systemctl restart --no-block lago.target; }
fault_reload() { systemctl daemon-reload; }
fault_reexec() { systemctl daemon-reexec; }
fault_journald() { systemctl kill -s KILL systemd-journald; }
fault_migrate() { acted; systemctl restart --no-block lago-migrate; }
fault_apply() { acted; bounded 200 lagoctl apply --quiet --no-block; true; }

# An edit that nobody has applied yet; what no admission may ever see is a release of its own.
fault_edit() {
        sed -i '/^DRILL=/d' /etc/lago/lago.env
        echo "DRILL=$RANDOM" >>/etc/lago/lago.env
        sync -f /etc/lago
}

# --- files, network, server -----------------------------------------------------------------------------

fault_state() { rm -rf /run/lago/state; }
fault_rules() { excuse run; nft flush ruleset; iptables -t nat -F 2>/dev/null; true; }
# A job that is done while no name is resolved cannot say so.
fault_names() { excuse run jobs; strike "$(pgrep -x aardvark-dns | head -n 1)"; }
fault_backends() {
        excuse run
        query 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()' >/dev/null
        true
}

# Nothing can be written to /run for a while.
fault_full() {
        excuse run
        mount -o remount,size="$(($(df -k --output=used /run | tail -n 1) + 64))k" /run
        head -c 2M /dev/zero >/run/drill-full 2>/dev/null
        sleep $((4 * ${slow:-1}))
        rm -f /run/drill-full
        mount -o remount,size=512m /run
}

# --- of a kernel of its own -------------------------------------------------------------------------------

# Its group may have so little that its first process, or the client of podman that starts it, is killed by the kernel.
fault_memory() {
        excuse_member "$1"
        excuse_followers "$1"
        systemctl set-property --runtime "lago-$1.service" MemoryMax=12M MemorySwapMax=0
        sleep $((4 * ${slow:-1}))
        systemctl set-property --runtime "lago-$1.service" MemoryMax=infinity MemorySwapMax=infinity
}

# Nothing can be written below the containers for a while: PostgreSQL may end in the middle of a write, and Redis takes no job.
fault_disk() {
        local full=/var/lib/containers/drill-full
        excuse jobs recovery run
        fallocate -l "$(df --output=avail -B1 /var/lib/containers | tail -n 1)" $full 2>/dev/null
        dd if=/dev/zero of=$full-er bs=4k 2>/dev/null
        sleep $((4 * ${slow:-1}))
        rm -f $full $full-er
}

# A clock that was wrong, and one that is put right: hours or a day, to either side. What is noted by the clock is noted before or behind.
fault_clock() {
        local by
        one_of -86400 -3700 3700 86400
        by=$drawn
        date -s "@$(($(date +%s) + by))" >/dev/null
        sleep $((4 * ${slow:-1}))
        date -s "@$(($(date +%s) - by))" >/dev/null
}

# --- other data, other releases -------------------------------------------------------------------------

release() {
        sed -i "s/^release = .*/release = $1/" /etc/lago/lago.conf
        sync -f /etc/lago
}

# An act that the power cut short, or that was refused, is one that the operator gives up: what runs is what is written down.
forget_release() {
        [ "$(release_in $kept)" = "$(release_in /etc/lago)" ] || release "$(release_in $kept)"
}

# A new database of the old release: what was acknowledged before went with it, as whoever removed it wanted.
fault_fresh() {
        systemctl stop drill-client
        bounded 300 systemctl stop lago.target 'lago-*.service'
        release $old
        { podman volume rm -f lago_postgres_data && rm -f /var/lib/lago/volumes /var/lib/lago/fingerprints; } >/dev/null
        sync -f /var/lib/lago
        forget_rows
        acted
        beside
        start_all
}

stop_backends() {
        bounded 150 systemctl stop lago-{api,worker,clock,front}
        [ -z "$(payloads api worker clock migrate)" ]
}

have_dump() {
        [ "$(query "SELECT 1 FROM pg_database WHERE datname = 'lago_old'" postgres)" = 1 ]
}

# The database as it was with the old release, in the place of that of today; with nobody who could be surprised.
take_dump_back() {
        local i
        have_dump || return
        systemctl stop drill-client
        if stop_backends; then
                for ((i = 0; i < 20; i++)); do
                        query 'DROP DATABASE IF EXISTS lago WITH (FORCE)' postgres &&
                                query 'CREATE DATABASE lago TEMPLATE lago_old' postgres && break
                        sleep 0.2
                done
                forget_rows
        fi
        beside
}

# What migrates behind this is what lago-ready asks for, for the members that wait: an act of nobody, which admits nothing.
fault_restore() {
        take_dump_back
        systemctl start --no-block lago.target lago-{api,worker,clock,front}
}

# Another host's migrator has the lock for a while.
fault_other() {
        local pid i
        take_dump_back
        query "SET application_name = 'drill'; SELECT pg_advisory_lock($((0x6c61676f6d696772))); SELECT pg_sleep(4)" >/dev/null &
        pid=$!
        sleep 0.3
        systemctl start --no-block lago.target lago-{api,worker,clock,front}
        for ((i = 0; i < 30; i++)); do
                kill -0 $pid 2>/dev/null || break
                [ -z "$(payloads migrate)" ] || ! is_locked || echo "two migrators at once" >>$drill/seen
                sleep 0.1
        done
        wait $pid
}

is_locked() {
        [ "$(query "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted
                AND application_name = 'drill'")" = 1 ]
}

# To the new release by one of the acts; or back, by a stop and a dump.
fault_upgrade() {
        if [ "$(release_in /etc/lago)" = $new ]; then
                have_dump || return
                take_dump_back
                release $old
                acted
                bounded 100 systemctl restart lago-migrate
                systemctl start --no-block lago.target lago-{api,worker,clock,front}
                return
        fi
        release $new
        acted
        case $1 in
        reload) systemctl reload --no-block lago-migrate ;;
        *) "fault_$1" ;;
        esac
}

# Of a database of the old release a copy is kept, once, as a dump is.
keep_dump() {
        [ "$(release_in $kept)" = $old ] && ! have_dump || return 0
        stop_backends
        query 'CREATE DATABASE lago_old TEMPLATE lago' postgres ||
                query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lago'" postgres >/dev/null
        have_dump || query 'CREATE DATABASE lago_old TEMPLATE lago' postgres
        systemctl start --no-block lago.target lago-{api,worker,clock,front}
        healed 120
}
