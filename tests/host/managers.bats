#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What manages a host: ufw and firewalld, over a Lago that serves and one that starts. Each ends in Lago serving without a
# command, or in a sentence with one in the manager's words, which is run as it stands. In a soak only.

# shellcheck disable=SC2154 # guest: of lib.bash
load lib

setup_file() {
        export LAGO_TEST_PACKAGES="ufw firewalld needrestart dpkg-repack"
        boot_and_install
        "$guest" push "$GUEST" "$BATS_TEST_DIRNAME/crash.sh" /var/tmp/
        in_guest_sh <<'SH'
systemctl disable -q --now firewalld ufw
cat >/var/tmp/world.sh <<'WORLD'
. /var/tmp/crash.sh

# Somebody whom a payment would be sent to: behind an interface of this host's, in a network namespace of his own.
world() {
        ip netns add world && ip link add out0 type veth peer name eth0 netns world || return
        ip address add 203.0.113.1/24 dev out0
        ip link set out0 up
        ip -n world address add 203.0.113.2/24 dev eth0
        ip -n world link set eth0 up
        ip route replace default via 203.0.113.2
        mkdir -p /srv/world
        echo paid >/srv/world/index.html
        systemd-run -q --unit=world ip netns exec world python3 -m http.server -d /srv/world 80
        for ((i = 0; i < 100; i++)); do curl -s -m 1 http://203.0.113.2 | grep -q paid && return; sleep 0.1; done
        return 1
}

reached() {
        [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1")" = 200 ]
}

# A second name server that is asked in vain would take 5 s.
resolved() {
        timeout "$((3 * ${slow:-1}))" podman exec "lago-$1" getent hosts "$2" | grep -q '\.'
}

names_are_gone() {
        ! resolved worker db || { echo "# names are still resolved"; return 1; }
}

way_out() {
        podman exec lago-worker curl -s -m 3 http://203.0.113.2 | grep -q paid
}

all_is_there() {
        reached 3000/health && reached 8080/ && resolved worker db && resolved worker pdf && resolved front api && way_out
}

# there_again SECONDS: all of it without a command, and no status speaks against it.
there_again() {
        local deadline=$((SECONDS + $1 * ${slow:-1}))
        until all_is_there && ! systemctl show -P StatusText 'lago-*.service' | grep -E 'not reached|no names'; do
                if [ "$SECONDS" -ge "$deadline" ]; then
                        echo "# not there: 3000 $(reached 3000/health && echo yes), 8080 $(reached 8080/ && echo yes)," \
                                "names $(resolved worker db && resolved worker pdf && echo yes), way out $(way_out && echo yes)"
                        nft list ruleset | sed 's/^/# /'
                        tell_all
                        return 1
                fi
                sleep 0.5
        done
}

# remedy SECONDS: the first one that the journal has, in quotes.
remedy() {
        local i
        for ((i = 0; i < 2 * $1; i++)); do
                journalctl --sync
                journalctl -b -o cat -u 'lago-*' | sed -n 's/.* is active; run "\([^"]*\)".*/\1/p' | head -n 1 | grep . && return
                sleep 0.5
        done
        tell_all >&2
        return 1
}

nobody_restarted() {
        [ "$(invocations)" = "$1" ] || { echo "# somebody restarted"; tell_all; return 1; }
}
WORLD
. /var/tmp/world.sh
world
SH
}

teardown_file() {
        remove_guest
}

# As on a host that nobody has told of a firewall, where Lago was never started: no bridge is there, either.
setup() {
        in_guest_sh <<'SH'
systemctl disable -q --now firewalld 2>/dev/null
ufw --force reset >/dev/null
SH
        wipe_stack
        in_guest_sh <<'SH'
podman network rm -f lago lago-pdf >/dev/null 2>&1
rm -rf /etc/firewalld/zones/*
nft flush ruleset
# As where no Docker is.
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
SH
        config health interval 1s
}

# in_the_world: the script on standard input inside, with the words above.
in_the_world() {
        {
                echo '. /var/tmp/world.sh'
                cat
        } | in_guest_sh
}

@test "ufw is switched on while Lago serves: told in its words; run as they stand, all is there, over its reload, and nobody restarts" {
        start_stack
        in_the_world <<'SH'
there_again 30 || exit 1
before=$(invocations)
{ ufw allow 22 && ufw default deny incoming && ufw --force enable; } >/dev/null || exit 1
names_are_gone || exit 1
command=$(remedy 60) || exit 1
echo "# $command"
[[ $command = "ufw "* ]] && sh -c "$command" || exit 1
there_again 30 || exit 1
for act in reload disable "--force enable"; do
        ufw $act >/dev/null || exit 1
        there_again 2 || { echo "# after ufw $act"; exit 1; }
done
sleep 5
there_again 2 && healed 60 && nobody_restarted "$before"
SH
}

@test "ufw is there before the first start: STATUS= has what helps; with it Lago serves, and after a reboot, too" {
        in_guest_sh <<'SH'
{ ufw allow 22 && ufw default deny incoming && ufw --force enable && systemctl enable ufw; } >/dev/null 2>&1
SH
        in_guest systemctl start --no-block lago.target
        wait_for 60 status_has migrate 'ufw is active; run "'
        command=$(status_text migrate | sed -n 's/.* is active; run "\([^"]*\)".*/\1/p')
        echo "# $command" >&3
        [ -n "$command" ]
        in_guest sh -c "$command"
        in_guest timeout 200 lagoctl start
        in_the_world <<<'there_again 5 && systemctl enable -q lago.target'
        "$guest" reboot "$GUEST"
        in_the_world <<'SH'
world && healed 120 && there_again 5 && ufw status | grep -q 'Status: active' && systemctl disable -q lago.target
SH
        [ "$(relation_errors)" = 0 ]
}

@test "a ufw that rejects sounds like a name server that has ended: told as what it is, and mended" {
        start_stack
        in_the_world <<'SH'
there_again 30 || exit 1
before=$(invocations)
{ ufw default reject incoming && ufw --force enable; } >/dev/null || exit 1
names_are_gone || exit 1
command=$(remedy 60) || exit 1
[[ $command = *"podman network reload"* ]] && sh -c "$command" >/dev/null || exit 1
there_again 30 && healed 60 && nobody_restarted "$before"
SH
}

@test "firewalld is there before the first start: Lago serves without a command, and after a reboot, too" {
        in_guest systemctl enable -q --now firewalld
        start_stack
        in_the_world <<<'there_again 5 && firewall-cmd --state && systemctl enable -q lago.target'
        "$guest" reboot "$GUEST"
        in_the_world <<<'world && healed 120 && there_again 60 && firewall-cmd --state && systemctl disable -q lago.target'
        [ "$(relation_errors)" = 0 ]
}

@test "firewalld is started and loaded anew while Lago serves: all is there again without a command, and nobody restarts" {
        start_stack
        in_the_world <<'SH'
there_again 30 || exit 1
before=$(invocations)
for act in "systemctl start firewalld" "firewall-cmd --reload" "firewall-cmd --complete-reload" "systemctl restart firewalld"; do
        $act >/dev/null || exit 1
        there_again 60 || { echo "# after $act"; exit 1; }
done
# As where nothing tells Podman of a reload.
systemctl disable -q --now netavark-firewalld-reload 2>/dev/null
firewall-cmd --reload >/dev/null
names_are_gone || exit 1
there_again 60 && healed 60 && nobody_restarted "$before"
SH
}

@test "firewalld's words for a Podman that does not tell it: they let containers ask and send, over its reload" {
        start_stack
        in_the_world <<'SH'
there_again 30 && systemctl start firewalld && there_again 60 || exit 1
systemctl disable -q --now netavark-firewalld-reload 2>/dev/null
# Nobody makes the networks again by himself.
systemctl kill --kill-whom=main -s STOP lago-api lago-front || exit 1
firewall-cmd --reload >/dev/null
names_are_gone || exit 1
firewall-cmd --permanent --zone=trusted --add-interface=podman1 --add-interface=podman2 >/dev/null && firewall-cmd --reload >/dev/null || exit 1
resolved worker db && resolved worker pdf || { nft list ruleset | sed 's/^/# /'; exit 1; }
systemctl kill --kill-whom=main -s CONT lago-api lago-front
there_again 60
SH
}

# From what is installed, as there is no archive to be reached; not packed, which would take minutes.
@test "what lies under Lago is installed anew and needrestart restarts by itself: nobody of ours, and no job is lost" {
        in_guest_sh <<'SH'
mkdir -p /var/tmp/again && cd /var/tmp/again || exit
# This very shell is in a unit, too.
printf '%s\n' "\$nrconf{restart} = 'a';" '$nrconf{override_rc}{qr(^(run-|client|world))} = 0;' >/etc/needrestart/conf.d/automatic.conf
dpkg-repack -d -Znone podman conmon netavark aardvark-dns runc libc6 libsystemd0 systemd >repack.log 2>&1 || { tail repack.log; exit 1; }
SH
        start_stack
        in_the_world <<'SH'
admitted() {
        find /var/lib/lago /run/lago/admitted -type f -exec md5sum {} + | sort
}
job_states() {
        local id
        while read -r id; do
                curl -s -m 3 "http://127.0.0.1:3000/test/jobs/$id" | jq -r .state
        done </var/tmp/jobs | sort | uniq -c | sed 's/^ *//'
}
there_again 30 && healed 60 || exit 1
before=$(invocations) ids=$(podman ps -q | sort) known=$(admitted)
: >/var/tmp/jobs
systemd-run -q --unit=client bash -c 'while sleep 0.3; do
        curl -s -m 5 -X POST "http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=1" | jq -r .id >>/var/tmp/jobs
done'
DEBIAN_FRONTEND=noninteractive apt-get install -y --reinstall /var/tmp/again/*.deb /var/tmp/deb/lago-supervisor_*.deb >/var/tmp/apt.log 2>&1 ||
        { tail /var/tmp/apt.log; exit 1; }
sleep 2
systemctl stop client
# That it saw them, and would have.
sed '1,/deferred/d' /var/tmp/apt.log | grep -qF 'systemctl restart lago-db.service' &&
        sed '1,/deferred/d' /var/tmp/apt.log | grep -qF 'systemctl restart lago-ready.service' || { tail -n 40 /var/tmp/apt.log; exit 1; }
nobody_restarted "$before" && [ "$(podman ps -q | sort)" = "$ids" ] && [ "$(admitted)" = "$known" ] || exit 1
n=$(wc -l </var/tmp/jobs)
for ((i = 0; i < 60; i++)); do [ "$(job_states)" != "$n done" ] || break; sleep 0.5; done
echo "# $n jobs: $(job_states)"
[ "$n" -gt 10 ] && [ "$(job_states)" = "$n done" ] || exit 1
# With the new programs.
kill -9 "$(container_pid api)" "$(container_pid worker)" && sleep 1 && healed 120 && there_again 30 && nobody_restarted "$before"
SH
        [ "$(relation_errors)" = 0 ]
}
