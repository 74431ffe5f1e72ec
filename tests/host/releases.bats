#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every release that Lago has published, from the oldest that is let in: on one database, in the order of their sets, each
# comes up as its image is made. In a soak only, which takes all, ten to twenty seconds each. RELEASES names others, and a "/"
# between two of them is a new database.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

data=$BATS_TEST_DIRNAME/../data/releases.txt

# In the order of their sets, which is not that of their numbers.
published() {
        awk '/^= v/ { print $2 }' "$data"
}

supported() {
        published | sed -n '/^v1\.6\.0$/,$p'
}

setup_file() {
        boot_and_install
        export RELEASES=${RELEASES:-$(supported | paste -sd ' ')}
        # shellcheck disable=SC2046,SC2086 # words
        "$root/tests/images/releases" "$GUEST" $(tr -d / <<<"$RELEASES")
}

teardown_file() {
        remove_guest
}

# --- what the sources of the images say ------------------------------------------------------------------

# since TAG FIRST: whether TAG is FIRST or newer; v1.16.1 is a second tag on the commit of v1.26.1.
since() {
        local number=$1
        [ "$number" != v1.16.1 ] || number=v1.26.1
        [ "$(printf '%s\n' "$number" "$2" | sort -V | head -n 1)" = "$2" ]
}

front_of() {
        case $1 in
        v1.16.1) echo v1.26.1 ;;
        v1.41.[123]) echo v1.41.0 ;;
        v1.47.[12]) echo v1.47.0 ;;
        *) echo "$1" ;;
        esac
}

# needed TAG: how many versions a database of it has.
needed() {
        awk -v tag="$1" '/^\+/ { n++ } /^=/ { if (last == tag) { print n; exit } last = $2 }' "$data"
}

# facts TAG: a line for each that can be seen from outside.
facts() {
        local yes
        echo "health $1"
        echo "schema $(needed "$1")"
        echo "front $(front_of "$1") 200"
        # Lines of JSON for jobs, and a worker that says nothing; before, Sidekiq says that it is up.
        if since "$1" v1.23.0; then echo "worker-says 0"; else echo "worker-says 1"; fi
        if since "$1" v1.23.0; then echo "jobs-in json"; else echo "jobs-in text"; fi
        if since "$1" v1.30.0; then echo "worker-listens everywhere"; else echo "worker-listens localhost"; fi
        echo "api-listens everywhere"
        # A script that does not exec is not run, but its last command: bash would keep SIGTERM to itself.
        for member in api worker clock; do
                if since "$1" v1.17.2; then echo "$member ./scripts/start.$member.sh"; else echo "$member /bin/sh"; fi
        done
        echo "shells as process 1: 0"
        yes=$(since "$1" v1.24.0 && echo no || echo yes)
        echo "health-is-logged $yes"
        yes=$(since "$1" v1.33.3 && echo yes || echo no)
        echo "control-socket $yes"
        echo "clock-says 1 ticks yes"
}

# The same, as it is.
seen() {
        in_guest_sh <<'SH'
lines() { # MEMBER REGEX: of this life
        journalctl -b -q -o cat -t "lago-$1" _SYSTEMD_INVOCATION_ID="$(systemctl show -P InvocationID "lago-$1")" | grep -cE -- "$2"
}
yes_no() { [ "$1" -gt 0 ] && echo yes || echo no; }
listens() { # MEMBER PORT
        podman exec "lago-$1" cat /proc/net/tcp /proc/net/tcp6 | awk -v port="$2" '
                $4 == "0A" && sub(":" port "$", "", $2) { print $2 ~ /^0*$/ ? "everywhere" : $2 ~ /^(0100007F|0*01000000)$/ ? "localhost" : $2 }'
}
jobs_in() { # its first tick enqueues some
        [ "$(lines worker '^\{.*"event":"perform","status":"success"')" = 0 ] || echo json
        [ "$(lines worker '^Performed Clock::')" = 0 ] || echo text
}
for ((i = 0; i < 100; i++)); do
        [ -z "$(jobs_in)" ] || break
        sleep 0.2
done
echo "health $(curl -s http://127.0.0.1:3000/health | jq -r .version)"
echo "schema $(lagoctl verify | sed -n 's/.*Schema verified: [^,]*, \([0-9]*\) of \1.*/\1/p' | head -n 1)"
echo "front $(podman inspect --format '{{.ImageName}}' lago-front | sed 's,^docker.io/getlago/front:,,') $(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/)"
echo "worker-says $(lines worker 'Starting liveness server on 8080')"
echo "jobs-in $(jobs_in | paste -sd ' ')"
echo "worker-listens $(listens worker 1F90)"
echo "api-listens $(listens api 0BB8)"
for member in api worker clock; do
        echo "$member $(podman inspect --format '{{.Path}}' "lago-$member")"
done
for member in api worker clock; do
        podman exec "lago-$member" cat /proc/1/comm
done >/run/processes
echo "shells as process 1: $(grep -cE '^(sh|bash)$|\.sh$' /run/processes)"
echo "health-is-logged $(yes_no "$(lines api '"path":"/health"')")"
echo "control-socket $(yes_no "$(lines api 'Starting control server')")"
echo "clock-says $(lines clock 'Starting clock for ') ticks $(yes_no "$(lines clock Triggering)")"
SH
}

# --- the journey -----------------------------------------------------------------------------------------

# takes_over TAG: as README says, from whatever release the database is of.
takes_over() {
        in_guest_sh "$1" <<'SH'
sed -i "s/^release = .*/release = $1/" /etc/lago/lago.conf
systemctl daemon-reload
lagoctl verify "$1" >/dev/null
rc=$?
case $rc in
0 | 10 | 11) ;;
*) [ ! -e /run/lago/state/db ] || [ "$(systemctl is-active lago-db)" != active ] || { echo "# the verdict on $1 is $rc"; exit 1; } ;;
esac
timeout 120 systemctl restart lago-migrate && timeout 120 systemctl start lago.target
SH
}

comes_up() {
        local begun=$SECONDS
        takes_over "$1" || { show_stack; return 1; }
        diff <(facts "$1") <(seen) | sed "s/^/# $1: /"
        [ "${PIPESTATUS[0]}" = 0 ] || {
                in_guest journalctl -b -q --no-pager -o short-precise -n 60 -t lago-worker -t lago-clock -t lago-supervisor |
                        cut -c 1-200 | sed 's/^/# /'
                return 1
        }
        [ "$(relation_errors)" = 0 ]
        echo "# $1 $((SECONDS - begun)) s" >>"${RELEASES_LOG:-/dev/null}"
}

@test "releases whose worker cannot be asked are refused with the reason, and nothing starts" {
        local tag n=0
        for tag in $(published | sed '/^v1\.6\.0$/,$d'); do
                in_guest sed -i "s/^release = .*/release = $tag/" /etc/lago/lago.conf
                run in_guest lagoctl check
                [ "$status" = 78 ] || { echo "# $tag: $status"; return 1; }
                [[ $output == *"release = $tag: it is older than v1.6.0"* ]]
                n=$((n + 1))
        done
        [ "$n" = 10 ]
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-setup)" = 78 ]
        [ -z "$(containers)" ]
        in_guest systemctl reset-failed
}

@test "all other releases: API, worker, clock and front of each come up as its images are made" {
        local tag
        for tag in $RELEASES; do
                if [ "$tag" = / ]; then
                        wipe_stack
                        continue
                fi
                comes_up "$tag"
        done
        [ "$(redis zcard dead)" = 0 ]
}
