#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The main job: a clean host, one command, and Lago serves, in the only safe order.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        boot_and_install
        record_engine
}

teardown_file() {
        remove_guest
}

@test "control: without a gate the same images do fail, and their jobs are dead" {
        run "$root/tests/images/selftest" "$GUEST" control_without_a_gate
        echo "$output"
        [[ $output == *"ok 1 control_without_a_gate"* ]]
}

# One clean start, and everything it promises.
clean_start() {
        local member
        start_stack
        for member in db redis migrate api worker clock front pdf ready; do
                active $member || { echo "# lago-$member is not active"; return 1; }
        done
        serves
        [ "$(status_text ready)" = "Lago serves $1" ]
        [ "$(relation_errors)" = 0 ]
        # The clock's first tick has reached the worker, which then found its tables.
        wait_for 30 clock_jobs_are_done
        [ "$(redis zcard dead)" = 0 ]
        [ "$(relation_errors)" = 0 ]
}

# A worker from v1.23.0 on writes no line about a job that is well.
clock_jobs_are_done() {
        [ "$(redis get stat:processed)" -ge 3 ]
}

@test "clean start on empty volumes, 3 times or as often as SOAK says: no error, no dead job" {
        for ((i = 1; i <= ${SOAK:-3}; i++)); do
                wipe_stack
                clean_start v1.50.0
                echo "# clean start $i: good" >&3
        done
}

@test "the order is that of the chain" {
        local previous=0 member at
        for member in db migrate api clock; do
                at=$(ready_at $member)
                [ "$at" -gt "$previous" ]
                previous=$at
        done
        # Nobody began before the one it stands on was ready.
        [ "$(started_at migrate)" -ge "$(ready_at db)" ]
        [ "$(started_at migrate)" -ge "$(ready_at redis)" ]
        [ "$(started_at api)" -ge "$(ready_at migrate)" ]
        [ "$(started_at worker)" -ge "$(ready_at migrate)" ]
        [ "$(started_at clock)" -ge "$(ready_at api)" ]
        [ "$(started_at front)" -ge "$(ready_at api)" ]
}

@test "v1.50.0 is a bridge release: its task is told, with a message id" {
        journal -u lago-migrate MESSAGE_ID=2e611bdb611e490fa5a02b63b8ba04c8 | grep -F "v1.50.0 is a bridge release"
}

@test "a second start changes nothing" {
        local before after
        before=$(for m in db redis migrate api worker clock front pdf ready; do invocation $m; done)
        start_stack
        after=$(for m in db redis migrate api worker clock front pdf ready; do invocation $m; done)
        [ "$before" = "$after" ]
}

@test "a warm restart boots no Rails for the migrations" {
        in_guest truncate -s 0 /var/tmp/engine.log
        in_guest timeout 120 systemctl restart lago.target
        serves
        active migrate
        [ "$(engine_calls 'run --detach --name=lago-api ')" = 1 ]
        [ "$(engine_calls 'run --detach --name=lago-migrate')" = 0 ]
}

@test "stopping the front stops nobody else, and the next start brings it back" {
        local before
        before=$(for m in db redis migrate api worker clock; do invocation $m; done)
        in_guest systemctl stop lago-front
        active api
        active clock
        start_stack
        active front
        [ "$(for m in db redis migrate api worker clock; do invocation $m; done)" = "$before" ]
}

@test "a file that the worker writes is served by the API" {
        api -X POST 'http://127.0.0.1:3000/test/files?name=note.txt&content=hello'
        wait_for 30 api -f http://127.0.0.1:3000/test/files/note.txt
        [ "$(api http://127.0.0.1:3000/test/files/note.txt)" = hello ]
}

@test "secrets are in no command line, no journal and no unit" {
        run in_guest_sh <<'SH'
set -e
while IFS='=' read -r key value; do
        [ ${#value} -ge 16 ] || continue
        value=${value#[\"\']}; value=${value%[\"\']}
        ! grep -qF -- "$value" /var/tmp/engine.log || { echo "$key in an argument"; exit 1; }
        ! journalctl -b -o cat | grep -qF -- "$value" || { echo "$key in the journal"; exit 1; }
        ! systemctl show 'lago-*' | grep -qF -- "$value" || { echo "$key in systemctl show"; exit 1; }
        ! grep -rqF -- "$value" /run/lago/state /var/cache/lago || { echo "$key in a file for all"; exit 1; }
done </etc/lago/secrets.env
[ "$(wc -l </var/tmp/engine.log)" -gt 5 ]
[ "$(grep -c '=' /etc/lago/secrets.env)" -gt 4 ]
[ "$(stat -c %a /etc/lago/secrets.env)" = 600 ]
[ "$(stat -Lc %a /run/lago/admitted)" = 700 ]
SH
        echo "$output"
        [ "$status" = 0 ]
}

# The units with a process of their own, and the containers' processes in them.
@test "secrets are in no process that needs none, in no file that others can read, and in no core file" {
        run in_guest_sh <<'SH'
fail() { echo "$*"; failed=yes; }
values=/root/values
sed -n 's/^[A-Z_]*=["'\'']\?\(.\{16,\}[^"'\'']\)["'\'']\?$/\1/p' /etc/lago/secrets.env >$values
[ "$(wc -l <$values)" -ge 6 ] || fail "no values to look for"

others_can_read() {
        runuser -u nobody -- grep -rlsF -D skip -f - /etc /run /tmp /var /root /usr/lib/systemd /dev/shm <$values
}
found=$(others_can_read)
[ -z "$found" ] || fail "others can read it in $found"
# The search finds what there is to be found.
head -n 1 $values >/run/lago/planted
chmod 644 /run/lago/planted
[ "$(others_can_read)" = /run/lago/planted ] || fail "the search is blind"
rm /run/lago/planted

has() { tr '\0' '\n' <"$1" 2>/dev/null | grep -qF -f $values; }
n=0
for process in /proc/[0-9]*; do
        ! has "$process/cmdline" || fail "a command line: $(tr '\0' ' ' <"$process/comm")"
        group=$(sed -n 's/^0:://p' "$process/cgroup" 2>/dev/null)
        case $group in
        */lago-api.service/libpod-payload* | */lago-worker.service/libpod-payload* | */lago-clock.service/libpod-payload*)
                [ "$(cat "$process/comm")" = conmon ] || continue ;;
        */lago-db.service/libpod-payload*)
                # Its own password, and nothing else of Lago's.
                ! tr '\0' '\n' <"$process/environ" 2>/dev/null | grep -v ^POSTGRES_PASSWORD= | grep -qF -f $values || fail "the database"
                continue ;;
        */lago-redis.service/libpod-payload*)
                ! tr '\0' '\n' <"$process/environ" 2>/dev/null | grep -v ^REDISCLI_AUTH= | grep -qF -f $values || fail "Redis"
                continue ;;
        esac
        ! has "$process/environ" || fail "the environment of $(cat "$process/comm") in $group"
done

for process in $(cat /sys/fs/cgroup/lago.slice/lago-*.service/cgroup.procs /sys/fs/cgroup/lago.slice/lago-*.service/*/cgroup.procs); do
        n=$((n + 1))
        grep -q '^Max core file size  *0  *0 ' "/proc/$process/limits" || fail "$(cat "/proc/$process/comm") may leave a core file"
done
[ "$n" -ge 16 ] || fail "only $n processes"
for unit in setup migrate ready; do
        [ "$(systemctl show -P LimitCORE lago-$unit)" = 0 ] || fail "lago-$unit may leave a core file"
done
rm $values
[ -z "$failed" ]
SH
        echo "$output"
        [ "$status" = 0 ]
}

# By address, as a page would: a name that is not known keeps nobody out.
@test "PDF rendering reaches neither PostgreSQL nor Redis, and is reached by the API and the worker" {
        run in_guest_sh <<'SH'
address() { podman inspect "lago-$1" --format '{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{$n.IPAddress}}{{println}}{{end}}' |
        sed -n "s/^$2 //p"; }
reaches() { # MEMBER ADDRESS PORT
        nsenter -t "$(podman inspect -f '{{.State.Pid}}' "lago-$1")" -n timeout 2 bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null
}
db=$(address db lago) redis=$(address redis lago) pdf=$(address pdf lago-pdf)
[ -n "$db" ] && [ -n "$redis" ] && [ -n "$pdf" ] || { echo "# no addresses"; exit 1; }
for from in api worker clock; do
        reaches $from "$db" 5432 && reaches $from "$redis" 6379 || { echo "# $from does not reach them"; exit 1; }
done
for from in api worker; do reaches $from "$pdf" 3000 || { echo "# $from does not reach pdf"; exit 1; }; done
for to in "$db 5432" "$redis 6379" "$(address api lago) 3000" "$(address front lago) 80"; do
        # shellcheck disable=SC2086 # two words
        ! reaches pdf $to || { echo "# pdf reaches $to"; exit 1; }
done
podman exec lago-worker curl -fsS -m 10 http://pdf:3000/health
SH
        echo "$output"
        [ "$status" = 0 ]
}

# The installation is made into one of before Redis had a password; the package's program runs it as it was.
@test "Redis refuses who has no password, and an old installation gets its own without losing a job" {
        run in_guest_sh <<'SH'
client() {
        podman run --rm --network lago ${1:+--env "REDISCLI_AUTH=$1"} --entrypoint redis-cli \
                docker.io/library/redis:7-alpine -h redis ping 2>&1
}
fail() { echo "# $*"; exit 1; }

[[ $(client) == NOAUTH* ]] || fail "it answers who has no password"
[[ $(client wrong) == *NOAUTH* ]] || fail "it answers who has a wrong password"
[ "$(client "$(sed -n 's/^REDIS_PASSWORD=//p' /etc/lago/secrets.env)")" = PONG ] || fail "it does not answer"

sed -i '/^REDIS_PASSWORD=/d' /etc/lago/secrets.env
systemctl restart lago-redis lago-migrate && systemctl start lago.target || fail "not as it was before"
[ "$(client)" = PONG ] || fail "it has a password all the same"
podman exec lago-redis redis-cli lpush queue:kept one two >/dev/null
/usr/libexec/lago/lago-setup --once
refused() { journalctl -b -o cat -u lago-api -u lago-worker -u lago-clock | grep -c -e NOAUTH -e WRONGPASS; }
systemctl restart lago-redis
[ "$(client)" = PONG ] || fail "it got a password while others run without one"

systemctl restart lago.target || fail "no restart"
[[ $(client) == NOAUTH* ]] || fail "it got none"
[ "$(podman exec lago-redis redis-cli lrange queue:kept 0 -1 | xargs)" = "two one" ] || fail "jobs are lost"
[ "$(refused)" = 0 ] || fail "refused $(refused) times"
SH
        echo "$output"
        [ "$status" = 0 ]
}

@test "stop: in reverse order, the job in hand is finished, nothing is left but the volumes" {
        local id
        id=$(api -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=5' | sed 's/.*"id":"\([^"]*\)".*/\1/')
        wait_for 20 sh -c "'$guest' run '$GUEST' -- curl -s http://127.0.0.1:3000/test/jobs/$id | grep -q running"
        stop_stack
        run in_guest_sh <<'SH'
set -e
stopped() { systemctl show -P InactiveEnterTimestampMonotonic "lago-$1"; }
[ "$(stopped clock)" -le "$(stopped api)" ]
[ "$(stopped front)" -le "$(stopped api)" ]
[ "$(stopped worker)" -le "$(stopped migrate)" ]
[ "$(stopped api)" -le "$(stopped migrate)" ]
[ "$(stopped migrate)" -le "$(stopped db)" ]
[ "$(stopped migrate)" -le "$(stopped redis)" ]
[ -z "$(podman ps -aq)" ] || { podman ps -a; exit 1; }
podman volume exists lago_postgres_data
podman volume exists lago_redis_data
podman volume exists lago_storage_data
SH
        echo "$output"
        [ "$status" = 0 ]
        start_stack
        api "http://127.0.0.1:3000/test/jobs/$id" | grep -q '"state":"done"'
}

@test "the page renderer ends with no page lost: idle at once, else when the page is done, and after the workers" {
        local begun_at
        member_env pdf STANDIN_RENDER=6
        start_stack
        begun_at=$(in_guest date +%s)
        in_guest_sh <<'SH'
set -e
systemctl restart lago-pdf
begun=$SECONDS
systemctl restart lago-pdf
# Gotenberg itself would wait out its 30 s.
[ $((SECONDS - begun)) -lt 10 ] || { echo "# idle, it took $((SECONDS - begun)) s"; exit 1; }
podman exec lago-worker curl -s -m 60 -o /dev/null -w '%{http_code}' -F "files=@/etc/hostname;filename=index.html" \
        http://pdf:3000/forms/chromium/convert/html >/var/tmp/code &
# 0BB8 is its port, 01 a connection that stands.
pid=$(cat /run/lago/engine/pdf.pid)
until cat "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" | grep -q ':0BB8 [0-9A-F]*:[0-9A-F]* 01 '; do sleep 0.1; done
begun=$SECONDS
systemctl restart lago-pdf
took=$((SECONDS - begun))
wait
[ "$(cat /var/tmp/code)" = 200 ] || { echo "# the page in hand was answered $(cat /var/tmp/code)"; exit 1; }
[ $took -ge 3 ] && [ $took -lt 20 ] || { echo "# with a page in hand it took $took s"; exit 1; }
# A worker with a job in hand, and all are asked to stop: the job wants a page only then.
id=$(curl -s -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=render&seconds=4' | jq -r .id)
until curl -s "http://127.0.0.1:3000/test/jobs/$id" | jq -e '.state == "running"' >/dev/null; do sleep 0.1; done
systemctl stop lago.target 'lago-*.service'
systemctl start lago-redis
state=$(podman exec lago-redis redis-cli hget "standin:job:$id" state) dead=$(podman exec lago-redis redis-cli zcard dead)
systemctl stop lago-redis
[ "$state" = done ] && [ "$dead" = 0 ] || { echo "# the job that renders is $state, $dead are dead"; exit 1; }
# A unit that is down may be unloaded, and its times with it: the journal knows the order.
last=$(journalctl -b -o cat | grep -E '^Stopped lago-(api|worker|pdf)' | tail -n 1)
[[ $last == *lago-pdf.service* ]] || { echo "# the last to stop was: $last"; exit 1; }
SH
        # A page is a line of its log, and a probe is none.
        run journal -t lago-pdf
        grep -F '"uri":"/forms/chromium/convert/html"' <<<"$output"
        refute grep -F '"uri":"/health"' <<<"$output"
        # Nobody had to be killed. One of the tests before may have had a worker that was, once in some fifty runs and not yet
        # understood: that is told, with what it did in its last minute.
        run in_guest_sh <<'SH'
journalctl -b --no-pager -o json MESSAGE_ID=2f5e069a94a8472f991a43cfc1063f35 | jq -r '"\(.__REALTIME_TIMESTAMP[:10]) \(.LAGO_MEMBER): \(.MESSAGE)"'
SH
        [[ $output == *' worker: Stopped after '* ]]
        ! grep -F 'Not stopped within' <<<"$output" | awk -v since="$begun_at" '$1 >= since' | grep . || return 1
        local at line
        while read -r at line; do
                echo "# before: $line" >&3
                in_guest journalctl -b --no-pager -o short-precise --since "@$((at - 60))" --until "@$at" -t lago-worker -t lago-redis -t lago-supervisor |
                        cut -c 1-200 | sed 's/^/# /' >&3
        done < <(grep -F 'Not stopped within' <<<"$output")
}

@test "enabled, it comes up by itself after a reboot, and in order" {
        in_guest systemctl enable lago.target
        "$guest" reboot "$GUEST"
        wait_for 120 status_has ready "Lago serves"
        wait_for 10 active ready
        serves
        [ "$(started_at api)" -ge "$(ready_at migrate)" ]
        [ "$(started_at clock)" -ge "$(ready_at api)" ]
        [ "$(relation_errors)" = 0 ]
        in_guest systemctl disable lago.target
}

# The family is taken away from the two units in place of the kernel, which all guests share.
@test "an image with an entry point of its own runs what we say, and a kernel without IPv6 serves" {
        "$root/tests/images/variant" "$GUEST" api:v1.50.0 v1.50.0 --entrypoint '["/app/scripts/start.sh"]'
        stop_stack
        in_guest_sh <<'SH'
for unit in api front; do
        mkdir -p /run/systemd/system/lago-$unit.service.d
        printf '[Service]\nRestrictAddressFamilies=~AF_INET6\n' >/run/systemd/system/lago-$unit.service.d/without-ipv6.conf
done
systemctl daemon-reload
SH
        start_stack
        serves
        [ "$(in_guest podman inspect --format '{{.Path}}' lago-worker)" = ./scripts/start.worker.sh ]
        # The front's command is ours there, its signal the image's.
        in_guest systemctl stop lago-front
        [ "$(in_guest systemctl show -P Result lago-front)" = success ]
        in_guest_sh <<'SH'
rm -r /run/systemd/system/lago-*.service.d/without-ipv6.conf
systemctl daemon-reload
SH
}
