#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What an operator, or a program that thinks it owns the host, does to the clock, the network, the journal and the units.

load vm

setup_file() {
        prepare_machine
        config health interval 2s
        start_stack $((300 * slow))
        healed
}

teardown_file() {
        remove_guest
}

# nobody_restarts: the script on standard input; the units and the containers are the same before and after.
nobody_restarts() {
        {
                echo 'before=$(invocations) ids=$(podman ps -q | sort)'
                cat
                cat <<'SH'
healed 180 || exit 1
[ "$(invocations)" = "$before" ] && [ "$(podman ps -q | sort)" = "$ids" ] || { echo '# somebody restarted'; tell_all; exit 1; }
SH
        } | with_words
}

@test "the clock jumps a day ahead, and back: nobody restarts, and who ends is started again as soon as ever" {
        nobody_restarts <<'SH'
date -s '+1 day' && sleep 30 && healed 60
SH
        nobody_restarts <<'SH'
date -s '-1 day' && sleep 30 && healed 60
SH
        with_words <<'SH'
for way in '-1 day' '+1 day'; do
        pid=$(container_pid worker)
        kill -9 "$pid"
        date -s "$way"
        gone_from=$SECONDS
        until [ "$(container_pid worker)" != "$pid" ] && [ "$(state_of worker)" = serving ]; do
                [ "$((SECONDS - gone_from))" -lt $((120 * slow)) ] || { tell_all; exit 1; }
                sleep 0.3
        done
        echo "# $way: a new worker after $((SECONDS - gone_from)) s"
        healed 120 || exit 1
done
SH
}

@test "a start during which the clock jumps a day ahead, then two back, comes up" {
        with_words <<'SH'
for way in '+1 day' '-2 days' '+1 day'; do
        stop_all
        start_all
        sleep 3
        date -s "$way"
        healed 240 || exit 1
done
SH
}

# A host without a battery behind its clock: years behind at the boot, and set when a time server answers.
@test "a boot with a clock that is years behind comes up; when the clock is put right nobody restarts" {
        in_guest_sh <<'SH'
cat >/etc/systemd/system/wrong-clock.service <<'UNIT'
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=date -s 2020-01-02
[Install]
WantedBy=sysinit.target
UNIT
systemctl -q enable lago.target wrong-clock.service && sync
SH
        "$guest" reboot "$GUEST"
        healed
        [ "$(in_guest date +%Y)" = 2020 ]
        nobody_restarts <<SH
date -s @$(date +%s) && sleep 30 && healed 60
SH
        # What is shown is counted from the start, whatever the clock said then.
        figure "put right: $(in_guest lagoctl status | grep -E '^(api|worker)' | head -n 2 | paste -sd ';')"
        in_guest sh -c 'systemctl -q disable wrong-clock.service && sync'
}

@test "ip_forward switched off and on: nobody restarts" {
        nobody_restarts <<'SH'
sysctl -q net.ipv4.ip_forward=0
sleep 20
echo "# without: api '$(systemctl show -P StatusText lago-api)', front '$(systemctl show -P StatusText lago-front)'," \
        "/health $(curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/health)"
sysctl -q net.ipv4.ip_forward=1
SH
}

@test "the journal stopped for 30 s under load, and started" {
        nobody_restarts <<'SH'
systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket systemd-journald
for ((i = 0; i < 60; i++)); do
        curl -s -m 5 -o /dev/null http://127.0.0.1:3000/health
        curl -s -m 5 -o /dev/null -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=0'
        sleep 0.5
done
systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald
SH
        # It is heard again.
        with_words <<'SH'
since=$(date '+%F %T')
for ((i = 0; i < 60; i++)); do
        curl -s -m 5 -o /dev/null http://127.0.0.1:8080/
        journalctl --sync
        ! journalctl -b -q -o cat -u lago-front --since "$since" | grep -q GET || exit 0
        sleep 1
done
echo '# the front is not heard any more'
exit 1
SH
}

@test "freeze and thaw of a unit, shorter than its watchdog: nobody restarts" {
        nobody_restarts <<'SH'
for m in worker api db; do
        systemctl freeze lago-$m && sleep 15 && systemctl thaw lago-$m || exit 1
        healed 120 || exit 1
done
SH
}

@test "freeze of a unit that lasts: it serves again without a command" {
        with_words <<'SH'
systemctl freeze lago-worker
sleep 100
systemctl thaw lago-worker
echo "# thaw: $?, $(systemctl show -P ActiveState -P FreezerState lago-worker | paste -sd ' ')"
healed 300
SH
}

@test "isolate multi-user.target: nobody restarts; isolate rescue.target and back: it serves again" {
        nobody_restarts <<'SH'
systemctl isolate multi-user.target
SH
        # The login goes, too.
        in_guest systemd-run --quiet --property=IgnoreOnIsolate=yes --collect \
                sh -c 'systemctl isolate rescue.target; sleep 5; podman ps -aq | wc -l >/var/tmp/left; systemctl isolate multi-user.target' || :
        sleep 20
        wait_for 180 in_guest systemctl is-active --quiet multi-user.target
        healed
        in_guest cat /var/tmp/left
}
