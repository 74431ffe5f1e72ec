# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Words for what a container writes, beside those of crash.sh; sourced in the guest.

relay_pid() {
        pgrep -x -f "/usr/libexec/lago/lago-relay $1( .*)?"
}

# From here on lines() looks. Not a cursor: with a match beside it journalctl 252 leaves out the first line that follows.
mark() {
        journalctl --sync
        since=@$(date +%s.%6N)
}

lines() {
        journalctl -b --no-pager -o cat --since="${since:-@0}" "$@"
}

until_true() {
        local deadline=$((SECONDS + $1))
        shift
        until "$@" >/dev/null 2>&1; do
                [ "$SECONDS" -lt "$deadline" ] || { echo "# not in time: $*"; tell_all; return 1; }
                sleep 0.1
        done
}

said() {
        lines -t "lago-$1" | grep -q -x -e "$2"
}

# --- the page renderer, which gates nobody, as any container --------------------------------------------

# says_as_pdf SCRIPT [SECONDS]: a container of the member pdf that runs it and ends; returns when it has.
says_as_pdf() {
        mkdir -p /var/tmp/said /etc/lago/lago.conf.d
        printf '%s\n' "$1" >/var/tmp/said/script
        printf 'FROM docker.io/library/redis:7-alpine\nCOPY script /script\nENTRYPOINT []\nCMD ["sh", "/script"]\n' \
                >/var/tmp/said/Containerfile
        podman build --quiet --pull=never --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
                -t localhost/said:1 /var/tmp/said >/dev/null || return 1
        printf '[images]\npdf = localhost/said:1\n' >/etc/lago/lago.conf.d/said.conf
        systemctl stop lago-pdf
        mark
        systemctl start --no-block lago-pdf
        until_true "${2:-20}" ended pdf || return 1
        systemctl stop lago-pdf
        rm /etc/lago/lago.conf.d/said.conf
        journalctl --sync
}

ended() {
        systemctl show -P StatusText "lago-$1" | grep -q '^Ended'
}

# wanted LINE...: just these, in this order, for as often as the container ran.
wanted() {
        local got
        got=$(lines -t lago-pdf | head -n $#)
        [ "$got" = "$(printf '%s\n' "$@")" ] || { echo "# got: $got"; return 1; }
}

# --- a migration ----------------------------------------------------------------------------------------

in_order() {
        awk -v n="$1" '$1 == "talk" && $2 != i++ { print "# " $0 " where " i - 1 " was to come"; exit 1 }
                       END { if (i != n) { print "# " i " lines of " n; exit 1 } }'
}

# talks COMMAND: while the migration that talks runs, COMMAND is run; it ends by itself, and its lines are all there.
talks() {
        serves_again 90 || return 1
        podman exec lago-db psql -U lago -qd lago -c "DELETE FROM schema_migrations WHERE version = '20991231000000'" || return 1
        mark
        systemctl restart --no-block lago-migrate
        until_true 60 said migrate 'talk 200' || return 1
        eval "$1" || return 1
        until_true 60 said migrate 'talk 999' || return 1
        until_true 60 systemctl is-active -q lago-migrate || return 1
        journalctl --sync
        lines -t lago-migrate | in_order 1000 || { echo "# with: $1"; return 1; }
        lines -u lago-migrate | grep -qF 'Schema verified' || return 1
}

database_talks() {
        local pid
        mark
        podman exec lago-db psql -U lago -qd lago -c "
                DO \$\$ BEGIN FOR i IN 0 .. 499 LOOP RAISE LOG 'talk %', i; PERFORM pg_sleep(0.01); END LOOP; END \$\$" &
        pid=$!
        until_true 20 database_said 100 || return 1
        eval "$1" || return 1
        wait $pid || return 1
        until_true 10 database_said 499 || return 1
        lines -t lago-db | sed -n 's/.*LOG:  talk/talk/p' | in_order 500 || { echo "# with: $1"; return 1; }
}

database_said() {
        lines -t lago-db | grep -q "talk $1\$"
}

serves_again() {
        systemctl start lago-pdf
        until_true "$1" serves
}

# another_serves MEMBER PID: a container serves whose first process is not PID.
another_serves() {
        local pid
        # Not of the control group, where the others of a container whose first process was killed live on for a moment.
        pid=$(cat "/run/lago/engine/$1.pid")
        [ -n "$pid" ] && [ "$pid" != "$2" ] && [ "$(state_of "$1")" = serving ]
}

# --- dead containers ------------------------------------------------------------------------------------

# admit_all: what stands in /etc/lago is admitted, as "lagoctl apply" has it done. While some member does not come up its start
# waits, and systemd does not tell which unit somebody restarted.
admit_all() {
        : >/run/lago/apply
        systemctl restart lago-migrate
}

dead_image() {
        printf 'FROM docker.io/library/redis:7-alpine\nENTRYPOINT ["/bin/true"]\n' >/var/tmp/Containerfile.dead
        podman build --quiet --pull=never --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
                -t localhost/dead:1 -f /var/tmp/Containerfile.dead /var/tmp >/dev/null
        mkdir -p /etc/lago/lago.conf.d
        printf '[images]\n%s = localhost/dead:1\n' "$1" >"/etc/lago/lago.conf.d/dead.conf"
        [ "$1" != front ] || admit_all
}

alive_image() {
        rm /etc/lago/lago.conf.d/dead.conf
        systemctl stop "lago-$1"
        [ "$1" != front ] || admit_all
        systemctl start lago.target
        serves_again 60
}

# never_ready MEMBER: started as often as MOMENTS says, it ends each time and never says that it is ready.
never_ready() {
        local i
        for ((i = 0; i < MOMENTS; i++)); do
                systemctl stop "lago-$1"
                mark
                systemctl start --no-block "lago-$1"
                until_true 30 ended "$1" || return 1
                [ "$(systemctl show -P ActiveState "lago-$1")" = activating ] || { echo "# $1 is ready"; return 1; }
                if lines -u "lago-$1" MESSAGE_ID=fc944d3055624e00900b0c627a82ee56 | grep .; then return 1; fi
        done
}

pdf_said() {
        [ "$(lines -t lago-pdf | wc -l)" -ge "$1" ]
}
