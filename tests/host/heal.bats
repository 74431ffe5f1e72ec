#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A bad night: whatever is killed, at whatever moment, Lago serves again without a command, and nothing is left over.

load lib
load night

@test "kill -9 of each supervisor that serves: PostgreSQL and the job in hand get their grace" {
        in_the_night <<'SH'
healed 60 || exit 1
id=$(curl -s -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=5' | jq -r .id)
until curl -s "http://127.0.0.1:3000/test/jobs/$id" | jq -e '.state == "running"' >/dev/null; do sleep 0.1; done
pid=$(main_pid worker)
kill -9 "$pid"
gone worker "$pid" && serves_again 90 || exit 1
state=$(curl -s "http://127.0.0.1:3000/test/jobs/$id" | jq -r .state)
[ "$state" = done ] || { echo "# the job in hand is $state"; exit 1; }
for m in db redis api clock front pdf ready; do
        before=$(invocations)
        pid=$(main_pid $m)
        kill -9 "$pid"
        gone "$m" "$pid" && serves_again 90 || { echo "# after the kill of $m"; exit 1; }
        # The edges to the stores are Wants=: nobody else restarts.
        changed=$(comm -13 <(tr ' ' '\n' <<<"$before" | sort) <(invocations | tr ' ' '\n' | sort) | wc -l)
        case $m in
        api) want=3 ;; # and the clock and the front, which require it
        *) want=1 ;;
        esac
        [ "$changed" = "$want" ] || { echo "# the kill of $m changed $changed invocations"; exit 1; }
done
clean || exit 1
if journalctl -b -o cat -u lago-db | grep -F 'not properly shut down'; then
        echo "# PostgreSQL did not get its grace"
        exit 1
fi
SH
}

@test "kill -9 of supervisors while they start, at moments drawn at random" {
        in_the_night <<'SH'
for ((i = 1; i <= MOMENTS; i++)); do
        stop_all
        # Now and then a first start, which takes longer and migrates.
        one_of warm warm fresh
        [ "$drawn" = warm ] || { podman volume rm -f lago_postgres_data && rm -f /var/lib/lago/volumes /var/lib/lago/fingerprints; } >/dev/null
        start_all
        moment 5000
        for ((tries = 0; tries < 200; tries++)); do
                starting=$(systemctl list-units --state=activating --plain --no-legend 'lago-*' | cut -d' ' -f1 | grep -v setup)
                [ -z "$starting" ] && ! serves || break
                sleep 0.05
        done
        # On a quick host all may have been over before.
        one_of ${starting:-lago-{db,redis,api,worker,clock,front,pdf}.service}
        pid=$(systemctl show -P MainPID "$drawn")
        if [ "$pid" != 0 ]; then
                kill -9 "$pid"
                gone "${drawn#lago-}" "$pid" || exit 1
        fi
        echo "# after $moment ms: killed $drawn ($pid)"
        healed 120 || exit 1
done
SH
}

@test "kill -9 of a container's first process or of its monitor: no other unit restarts" {
        in_the_night <<'SH'
round() {
        before=$(invocations)
        pid=$(${2}_pid "$1")
        echo "# kill -9 of the $2 of $1 ($pid)"
        [ -n "$pid" ] && kill -9 "$pid" || return 1
        # The supervisor must have seen it before "it serves" can say anything.
        for ((i = 0; i < 100; i++)); do
                [ "$(state_of "$1")" = serving ] || break
                sleep 0.05
        done
        # One that ended often rests for long.
        healed 180 || return 1
        [ "$(container_pid "$1")" != "$pid" ] && [ "$(invocations)" = "$before" ] ||
                { echo "# invocations before: $before"; echo "# and after: $(invocations)"; return 1; }
}
for m in "${members[@]}"; do
        round "$m" container || exit 1
done
for ((n = 0; n < MOMENTS; n++)); do
        [ "$((n % 7))" != 0 ] || order=($(shuf -e "${members[@]}" --random-source=<(yes "$RANDOM")))
        round "${order[n % 7]}" monitor || exit 1
done
journalctl -b -o cat -u lago-api | grep -F 'The container ended by itself' || exit 1
SH
}

@test "kill -9 of first processes and of monitors while Lago starts, at moments drawn at random" {
        in_the_night <<'SH'
# The moments of one target, then of the other; in a check one of each.
for ((i = 1, n = MOMENTS > 2 ? 2 * MOMENTS : 2; i <= n; i++)); do
        target=container
        [ "$((2 * i))" -le "$n" ] || target=monitor
        stop_all
        one_of warm fresh
        [ "$drawn" = warm ] || { podman volume rm -f lago_postgres_data && rm -f /var/lib/lago/volumes /var/lib/lago/fingerprints; } >/dev/null
        start_all
        moment 9000
        pid=
        for ((tries = 0; tries < 400; tries++)); do
                running=
                for m in "${members[@]}" migrate; do
                        [ -z "$(${target}_pid "$m")" ] || running+=" $m"
                done
                [ -z "$running" ] || one_of $running
                pid=$([ -z "$running" ] || ${target}_pid "$drawn")
                [ -z "$pid" ] || ! kill -9 "$pid" 2>/dev/null || break
                sleep 0.05
        done
        echo "# after $moment ms: killed the $target of $drawn ($pid), $(state_of "$drawn")"
        healed 180 || exit 1
        [ "$(podman exec lago-db psql -U lago -d lago -Atqc 'SELECT count(*) FROM schema_migrations')" = 1046 ] || exit 1
done
SH
        [ "$(relation_errors)" = 0 ]
}

@test "kill -9 of podman and of lago-gate half-way through a start" {
        in_the_night <<'SH'
for ((i = 1, n = MOMENTS > 2 ? 2 * MOMENTS : MOMENTS; i <= n; i++)); do
        program=podman
        [ "$((2 * i))" -le "$n" ] || program=lago-gate
        stop_all
        start_all
        moment 2500
        # The clients of our supervisors alone, not this script's.
        for ((killed = 0, tries = 0; killed == 0 && tries < 400; tries++)); do
                for pid in $(pgrep -x "$program"); do
                        grep -q lago.slice "/proc/$pid/cgroup" 2>/dev/null || continue
                        words=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-90)
                        kill -9 "$pid" && killed=1 && break
                done
                [ "$killed" = 1 ] || sleep 0.01
        done
        echo "# after $moment ms: killed $killed: $words"
        healed 120 || exit 1
done
SH
}

# Podman answers that with exit status 0, as if it had done what it had not.
# Podman 4.3 exits with 0 then, 5.4 with 1 and no word. At some moments the start is over before.
@test "SIGTERM of podman half-way through a start: it is no start, and the next one serves" {
        in_the_night <<'SH'
# terminate SECONDS: the client that starts the pdf server, so long after it was there.
terminate() {
        local tries pid
        systemctl stop lago-pdf
        systemctl start --no-block lago-pdf
        for ((tries = 0; tries < 2000; tries++)); do
                for pid in $(pgrep -x podman); do
                        tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'name=lago-pdf' || continue
                        sleep "$1"
                        ! kill -TERM "$pid" || return 0
                done
                sleep 0.005
        done
        echo '# no client was seen'
        return 1
}
for moment in 0.1 0.05 0.02 0.15 0.2; do
        terminate $moment && healed 60 || exit 1
        journalctl --sync
        ! journalctl -b -o cat -u lago-pdf | grep -E 'podman cannot start the container \((signal 15\)|exit 1\): no message)' || exit 0
done
echo '# each start was over before'
exit 1
SH
}

@test "no process to be had for a while, with a container that ended and at a stop: it goes on when there is" {
        in_the_night <<'SH'
# With no descriptor left there is no pipe for a child: what an exhausted host does to a fork, without exhausting one.
none_left() {
        prlimit --pid "$(main_pid redis)" --nofile=4:
}
enough() {
        prlimit --pid "$(main_pid redis)" --nofile=1024:
}
heard() {
        journalctl --sync
        journalctl -b -o cat -u lago-redis | grep -c "^$1"
}
# said COUNT BEGINNING: since $heard_before; the journal hears of it once each time, STATUS= and run file need a descriptor, too.
said() {
        for ((i = 0; i < 600; i++)); do
                [ "$(($(heard "$2") - heard_before))" != "$1" ] || return 0
                sleep 0.1
        done
        tell_all
        return 1
}
healed 60 || exit 1
before=$(invocations)
none_left
heard_before=$(heard 'Cannot run podman: ')
kill -9 "$(container_pid redis)"
said 1 'Cannot run podman: ' || exit 1
heard_before=$(heard 'Ready, again')
enough
said 1 'Ready, again' || exit 1
healed 120 || exit 1
[ "$(invocations)" = "$before" ] || { echo "# a unit was started again"; tell_all; exit 1; }
heard_before=$(heard 'Cannot run podman: ')
none_left
systemctl stop --no-block lago-redis.service
said 1 'Cannot run podman: ' || exit 1
enough
for ((i = 0; i < 600; i++)); do
        [ "$(systemctl show -P ActiveState lago-redis)" != inactive ] || break
        sleep 0.2
done
[ "$(systemctl show -P ActiveState -P ExecMainStatus lago-redis | paste -sd ' ')" = "0 inactive" ] ||
        { systemctl show -P ActiveState -P ExecMainStatus lago-redis; tell_all; exit 1; }
if podman container exists lago-redis; then
        echo "# its container is left"
        exit 1
fi
start_all
healed 120
SH
}

@test "a firewall that is loaded anew: who publishes a port is reached again, everybody's way out is there, and nobody restarts" {
        config health interval 1s
        in_guest systemctl restart lago.target
        in_the_night <<'SH'
healed 120 || exit 1
reached() {
        [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1")" = 200 ]
}
way_out() {
        nft list ruleset | grep -q -i masquerade || iptables-save -t nat | grep -q MASQUERADE
}
reached 3000/health && reached 8080/ && way_out || exit 1
before=$(invocations) ids=$(podman ps -q | sort)
nft flush ruleset
! reached 3000/health && ! reached 8080/ && ! way_out || { echo "# the rules are still there"; exit 1; }
for ((i = 0; i < 600; i++)); do
        ! reached 3000/health || ! reached 8080/ || break
        sleep 0.2
done
for ((i = 0; i < 300; i++)); do
        [[ $(systemctl show -P StatusText lago-api lago-front) == *"not reached"* ]] || break
        sleep 0.2
done
healed 60 && way_out || exit 1
[ "$(invocations)" = "$before" ] && [ "$(podman ps -q | sort)" = "$ids" ] || { echo "# somebody restarted"; exit 1; }
for m in api front; do
        journalctl -b -o cat MESSAGE_ID=5e0a1f7c4d9b4c0f9d3cf2f7a6c1b84e -u "lago-$m" >/tmp/said
        grep -q 'Healthy, but not reached at 127.0.0.1:' /tmp/said && grep -q 'Reached at 127.0.0.1:.* again' /tmp/said ||
                { echo "# lago-$m:"; sed 's/^/# /' /tmp/said; exit 1; }
done
SH
}

@test "the network's name server killed, and stuck: names are resolved again" {
        config health interval 1s
        in_guest systemctl restart lago.target
        in_the_night <<'SH'
healed 120 || exit 1
resolved() {
        podman exec lago-worker getent hosts db | grep -q '\.'
}
said() {
        journalctl --sync
        journalctl -b -o cat MESSAGE_ID=5e0a1f7c4d9b4c0f9d3cf2f7a6c1b84e | grep -c "^$1"
}
resolved || exit 1
before=$(invocations)
for signal in KILL STOP; do
        back=$(said 'Names are resolved again')
        kill -$signal $(pgrep -x aardvark-dns) || exit 1
        ! timeout 3 podman exec lago-worker getent hosts db || { echo "# it still answers"; exit 1; }
        for ((i = 0; i < 600; i++)); do
                [ "$(said 'Names are resolved again')" -lt "$((back + 1))" ] || break
                sleep 0.2
        done
        resolved || { echo "# after $signal:"; tell_all; exit 1; }
done
healed 60 || exit 1
[ "$(invocations)" = "$before" ] || { echo "# somebody restarted"; exit 1; }
[ "$(pgrep -c -x aardvark-dns)" = 1 ] || { pgrep -a aardvark | sed 's/^/# /'; exit 1; }
SH
}

# Else a bridge has the lowest address of its ports, and those who know the old one wait 5 s for each name, for a minute. There
# is no udev in a guest, and Debian 12's netavark chooses none, so that there none but we does; Debian 13's does it itself.
@test "the bridges keep their addresses, whoever starts and stops: who stays reaches its name server" {
        in_the_night <<'SH'
healed 120 || exit 1
bridges() {
        local bridge
        for bridge in /sys/class/net/podman*/bridge; do
                cat "${bridge%bridge}"{address,addr_assign_type}
        done
}
before=$(bridges)
[ "$(grep -c -x 3 <<<"$before")" = 2 ] || { echo "# chosen by nobody: $before"; exit 1; }
for i in 1 2 3 4; do
        podman exec lago-worker getent hosts db | grep -q '\.' || exit 1
        systemctl restart lago-api
        [ "$(bridges)" = "$before" ] || { echo "# $i: $(bridges) and not $before"; exit 1; }
done
SH
}

@test "a network removed by force: the journal says once what makes it, and then all serve, with names" {
        in_the_night <<'SH'
healed 120 || exit 1
# is_gone NETWORK MEMBER UNIT...: without its network the member waits; the units are those that may be the first to tell.
is_gone() {
        local network=$1 member=$2 gone="The network $1 is gone; \"systemctl restart lago-setup\" makes it" told i
        shift 2
        # Those that publish a port stop before: without its network podman leaves the rules of one that ends.
        systemctl stop lago-front lago-clock lago-worker lago-api
        podman network rm -f "$network" >/dev/null
        podman rm -f "lago-$member" >/dev/null
        for ((i = 0; i < 600; i++)); do
                [[ $(systemctl show -P StatusText "lago-$member") != "$gone ("* ]] || break
                sleep 0.2
        done
        journalctl --sync
        told=$(journalctl -b -o cat "${@/#/--unit=}" | grep -cF "$gone")
        [ "$told" -le "$#" ] && [[ $(systemctl show -P StatusText "lago-$member") == "$gone ("* ]] ||
                { echo "# told $told times: $(systemctl show -P StatusText "lago-$member")"; return 1; }
        systemctl restart lago-setup
        start_all
        healed 120
}
is_gone lago redis lago-db lago-redis || exit 1
podman exec lago-worker getent hosts db | grep -q '\.' || exit 1
is_gone lago-pdf pdf lago-pdf || exit 1
podman exec lago-worker getent hosts pdf | grep -q '\.'
SH
}

@test "the files in /run removed: they are written again, and who waits for a member sees that it serves" {
        in_the_night <<'SH'
healed 120 || exit 1
before=$(invocations)
rm -rf /run/lago/state
# The clock loses its lock with the database, and then asks for everything it stands on.
kill -9 "$(container_pid db)" || exit 1
healed 120 || exit 1
[ "$(invocations)" = "$before" ] || { echo "# somebody restarted"; exit 1; }
SH
}

@test "a container and an image that a power cut left half on the disk: removed, pulled once, and nobody else restarts" {
        in_the_night <<'SH'
image=docker.io/library/redis:7-alpine store=/var/lib/containers/storage
# Its last layer is of this store, not of the one that all guests share; a pull takes it from a file.
mkdir -p /var/tmp/image
printf 'FROM %s\nRUN touch /here\n' "$image" >/var/tmp/image/Containerfile
podman build -q --pull=never --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 -t "$image" /var/tmp/image &&
        podman save -q -o /var/tmp/image.tar "$image" || exit 1
sed -i 's|^exec /usr/bin/podman|case "$1 $2" in "pull "*\|"--"*" pull") exec /usr/bin/podman load -q -i /var/tmp/image.tar ;; esac\n&|' \
        /usr/local/bin/podman
layer=$(jq -r --arg id "$(podman image inspect --format '{{.Id}}' "$image")" '.[] | select(.id == $id).layer' $store/overlay-images/images.json)
healed_once() {
        : >/var/tmp/engine.log
        since=$(date +%s)
        start_all
        healed 120 || exit 1
        journalctl --sync
        [ "$(journalctl -o cat --since="@$since" -u 'lago-*' | grep -c 'is not whole on the disk')" = "$1" ] &&
                [ "$(grep -c 'pull .*redis' /var/tmp/engine.log)" = "$1" ] ||
                { echo "# it was to be told $1 times"; tell_all; exit 1; }
        # Whatever was started beside it is left alone.
        ! journalctl -o cat --since="@$since" -u 'lago-*' | grep -E 'ended by itself|no such container' ||
                { echo "# another member's container was taken"; exit 1; }
}
stop_all
container=$(podman create --name=lago-redis --label=io.lago-supervisor.member=redis "$image")
own=$(jq -r --arg id "$container" '.[] | select(.id == $id).layer' $store/overlay-containers/*containers.json)
rm -rf "$store/overlay/$own/diff"
: >"$store/overlay/$own/link"
: >"$store/overlay/$own/lower"
rm -rf /run/lago/state
healed_once 0
stop_all
: >"$store/overlay/$layer/link"
: >"$store/overlay/$layer/lower"
healed_once 1
stop_all
rm -rf "$store/overlay/$layer/diff"
healed_once 1
SH
}
