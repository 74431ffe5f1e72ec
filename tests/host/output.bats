#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a container writes: whole, in order, under its member's name, whatever dies; and READY=1 of nobody who is dead.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        export MOMENTS=${SOAK:-2}
        boot_and_install
        "$guest" push "$GUEST" "$BATS_TEST_DIRNAME/crash.sh" "$BATS_TEST_DIRNAME/output.sh" /var/tmp/
        cat >"$BATS_FILE_TMPDIR/talk.rb" <<'RUBY'
# A hundred lines a second, for ten seconds.
class Talk < ActiveRecord::Migration[7.0]
  def up
    $stdout.sync = true
    1000.times do |i|
      puts "talk #{i}"
      sleep 0.01
    end
  end
end
RUBY
        "$root/tests/images/variant" "$GUEST" api:v1.50.0 v1.50.0 \
                --add-migration "20991231000000_talk=$BATS_FILE_TMPDIR/talk.rb"
        start_stack
}

teardown_file() {
        remove_guest
}

# inside: the script on standard input in the guest, with the words of crash.sh and output.sh.
inside() {
        {
                echo "set -e -o pipefail; MOMENTS=$MOMENTS; . /var/tmp/crash.sh; . /var/tmp/output.sh"
                cat
        } | in_guest_sh "$@"
}

# --- whose lines ----------------------------------------------------------------------------------------

@test "lines are under the member's name, the supervisor's under its own, and podman says nothing" {
        inside <<'SH'
# A worker from v1.23.0 on says nothing until a job fails.
for m in db redis migrate api clock front; do
        lines -t "lago-$m" | grep -q . || { echo "# no line of $m"; exit 1; }
done
lines -t lago-supervisor | grep -q 'Ready' || exit 1
# Neither ids nor names nor blank lines.
if journalctl -b --no-pager -o cat -u 'lago-*' | grep -nxE '[0-9a-f]{64}|lago-[a-z]+|\s*'; then exit 1; fi
if journalctl -b --no-pager -o cat -u 'lago-*' -t podman | grep .; then exit 1; fi
SH
}

@test "the front's own probes are in no journal; a visitor who calls himself one is" {
        inside <<'SH'
curl -s -0 -A lago-supervisor/9 -o /dev/null http://127.0.0.1:8080/
# Two probes, as they come every ten seconds.
until_true 40 sh -c '[ $(($(cut -d. -f1 /proc/uptime) - $(systemctl show -P ActiveEnterTimestampMonotonic lago-front) / 1000000)) -gt 25 ]'
journalctl --sync
lines -t lago-front | grep -E '^[0-9.]+ - - .*"GET / HTTP/1.0" 200 [0-9]+ "-" "lago-supervisor/9" "-"$' || { echo "# the visitor is not there"; exit 1; }
if lines -t lago-front | grep -E '^(127\.0\.0\.1|::1) '; then exit 1; fi
SH
}

@test "a container opens its output by name, as another user than root too" {
        inside <<'SH'
says_as_pdf 'echo one >/dev/stdout; echo two >/dev/stderr; echo three >/proc/self/fd/1
        setpriv --reuid=33 --regid=33 --clear-groups sh -c "echo four >/dev/stdout"'
wanted one two three four
SH
        # The control: the way it was, on a socket.
        inside <<'SH'
systemd-run --quiet --wait --unit=control sh -c 'echo one >/dev/stdout' || :
journalctl -b -o cat -u control | grep -F 'No such device or address' || { echo "# a socket can be opened"; exit 1; }
SH
}

@test "no container chooses a priority" {
        inside <<'SH'
says_as_pdf 'echo "<0>to every terminal"; echo "<3>an error"; echo all'
wanted '<0>to every terminal' '<3>an error' all
if journalctl -b -o cat -t lago-pdf -p 5 | grep .; then exit 1; fi
SH
}

@test "lines of any length and kind: long, binary, without an end, none at all" {
        inside <<'SH'
says_as_pdf 'perl -e "print q(x) x 100000, qq(\n), qq(a\0b\xff\n), q(no end)"'
# journald cuts a line at 48 KiB, and at a NUL byte.
lines -t lago-pdf | awk '/^x+$/ { n += length } END { exit n != 100000 }' || { echo "# the long line is not whole"; exit 1; }
lines -t lago-pdf | tail -n 1 | grep -qx 'no end' || exit 1
says_as_pdf 'exit 3'
[ -z "$(lines -t lago-pdf)" ] || exit 1
SH
}

@test "100,000 lines at once are all there, in order" {
        inside <<'SH'
says_as_pdf 'perl -e "print qq(line \$_ of a hundred thousand, as long as a line of a log mostly is\n) for 1 .. 100000"' 60
until_true 60 pdf_said 100000
lines -t lago-pdf | head -n 100000 | awk '$2 != ++n { print "# " $0 " after " n - 1; exit 1 } END { exit n != 100000 }'
SH
}

# By the room on its disk journald lets up to six times as much pass. It tells at the first line after the time is over, which
# is shortened here.
@test "a container that floods its log: what is beyond lines-per-minute is dropped and counted, and warnings are heard" {
        inside <<'SH'
printf '[journal]\nlines-per-minute = 1000\n' >>/etc/lago/lago.conf
mkdir -p /run/systemd/system/lago-pdf.service.d
printf '[Service]\nLogRateLimitIntervalSec=4s\n' >/run/systemd/system/lago-pdf.service.d/short.conf
systemctl daemon-reload
[ "$(systemctl show -P LogRateLimitBurst lago-pdf)" = 1000 ] || exit 1
says_as_pdf 'perl -e "print qq(flood \$_\n) for 1 .. 100000; sleep 5; print qq(after\n)"; exit 3' 40
n=$(lines -t lago-pdf | grep -c '^flood')
dropped=$(lines -u systemd-journald -g 'Suppressed [0-9]+ messages from lago-pdf.service' | sed 's/[^0-9]*\([0-9]*\).*/\1/' | awk '{ n += $1 } END { print n + 0 }')
echo "# $n written, $dropped dropped"
[ "$n" -ge 1000 ] && [ "$n" -le 20000 ] && [ $((n + dropped)) -ge 100000 ] || exit 1
lines MESSAGE_ID=75e9d1f397114b01bc1c661c5f92edf0 | grep -F 'Its last lines (exit 3)'
sed -i '/^\[journal\]/,$d' /etc/lago/lago.conf
rm -r /run/systemd/system/lago-pdf.service.d
systemctl daemon-reload
SH
}

@test "the last lines of a container that ended are told with its end, once for each end" {
        inside <<'SH'
says_as_pdf 'echo the first; echo the cause of it >&2; exit 3'
lines MESSAGE_ID=75e9d1f397114b01bc1c661c5f92edf0 | sort -u |
        grep -xF 'Its last lines (exit 3): the first | the cause of it'
SH
}

# --- whatever dies --------------------------------------------------------------------------------------

@test "a migration that talks: relays killed, journald restarted and killed" {
        inside <<'SH'
talks 'for i in 1 2 3 4 5; do kill -9 $(relay_pid migrate); sleep 0.3; done'
talks 'systemctl restart systemd-journald'
talks 'kill -9 $(systemctl show -P MainPID systemd-journald)'
SH
}

@test "a migration that talks: the supervisor killed, alone, with its relay, and the monitor killed" {
        inside <<'SH'
talks 'kill -9 $(main_pid migrate)'
talks 'kill -9 $(main_pid migrate) $(relay_pid migrate)'
talks 'kill -9 $(monitor_pid migrate)'
SH
}

@test "PostgreSQL that talks: relay, journald, monitor and supervisor killed" {
        inside <<'SH'
serves_again 60 || exit 1
database_talks 'kill -9 $(relay_pid db)'
database_talks 'systemctl restart systemd-journald'
# The supervisor's end is PostgreSQL's orderly stop; what it says then is there as well.
mark
kill -9 "$(main_pid db)"
serves_again 60 || exit 1
lines -t lago-db | grep -F 'database system is shut down' || exit 1
mark
kill -9 "$(main_pid db)" "$(relay_pid db)"
serves_again 60 || exit 1
lines -t lago-db | grep -F 'database system is shut down' || exit 1
SH
}

# --- ready ----------------------------------------------------------------------------------------------

@test "a container that is dead before it could be asked is never READY, with all others up" {
        inside <<'SH'
serves_again 60 || exit 1
for m in redis pdf front; do
        dead_image $m
        never_ready $m
        alive_image $m
done
SH
}

@test "a member of the backend whose container is dead at once is never READY" {
        local member
        printf '#!/bin/sh\nexit 1\n' >"$BATS_FILE_TMPDIR/dead"
        chmod 755 "$BATS_FILE_TMPDIR/dead"
        for member in worker clock api; do
                "$root/tests/images/variant" "$GUEST" api:v1.50.0 "dead-$member" --file "$BATS_FILE_TMPDIR/dead:/app/scripts/start.$member.sh"
                inside "$member" <<'SH'
mkdir -p /etc/lago/lago.conf.d
printf '[images]\napi = getlago/api:dead-%s\n' "$1" >/etc/lago/lago.conf.d/dead.conf
admit_all || { systemctl status --no-pager lago-migrate; exit 1; }
never_ready "$1"
SH
        done
}

@test "a container that is started again leaves no descriptor and no relay behind" {
        inside <<'SH'
rm -f /etc/lago/lago.conf.d/dead.conf
systemctl restart lago-pdf
fds() { ls "/proc/$(main_pid pdf)/fd" | wc -l; }
before=$(fds)
for i in 1 2 3; do
        pid=$(cat /run/lago/engine/pdf.pid)
        kill -9 "$pid"
        until_true 40 another_serves pdf "$pid"
done
[ "$(fds)" = "$before" ] || { echo "# $before descriptors, and $(fds) after three more starts"; ls -l "/proc/$(main_pid pdf)/fd"; exit 1; }
[ "$(relay_pid pdf | wc -l)" = 1 ]
SH
}
