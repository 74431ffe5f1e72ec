#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# One clock per database, also when lago.conf of two hosts asks for one each.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        boot_and_install
}

teardown_file() {
        remove_guest
}

# The clock of another host, as the database sees it: a session that has the lock.
other_clock() {
        in_guest systemd-run --unit=other-clock --setenv=DATABASE_URL="$(database_url)" -- \
                lago-gate hold --hostaddr="$(in_guest sed -n 's/^ADDRESS=//p' /run/lago/state/db)"
}

database_url() {
        # shellcheck disable=SC2016 # for the shell in the guest
        in_guest sh -c '. /etc/lago/secrets.env; echo "postgresql://lago:$POSTGRES_PASSWORD@db:5432/lago"'
}

holder_says() {
        journal -u other-clock | grep -q "^$1"
}

clock_container() {
        in_guest podman container exists lago-clock
}

@test "the second clock stands by and says so; the start is complete all the same" {
        start_stack
        active clock
        in_guest systemctl stop lago-clock
        other_clock
        wait_for 20 holder_says held
        start_stack
        active clock
        status_has clock "Standby: the clock at"
        refute clock_container
        [ "$(status_text ready)" = "Lago serves v1.50.0" ]
        journal -u lago-clock MESSAGE_ID=78c0bbcefdc7464eb67f02f64e2139dd | grep -F "standing by"
}

@test "when the other clock is gone it takes over" {
        in_guest systemctl kill -s KILL other-clock
        wait_for 60 status_has clock "Running"
        clock_container
}

@test "while it runs, another clock stands by; losing the connection stops it, and both never tick" {
        in_guest systemctl reset-failed
        other_clock
        wait_for 20 holder_says standby
        # The session is ended under the clock's hands: the one that waits gets the lock, and this clock stops.
        sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1818322799 AND granted"
        wait_for 30 status_has clock "Standby"
        refute clock_container
        holder_says held
        in_guest systemctl stop other-clock
        wait_for 60 status_has clock "Running"
        [ "$(relation_errors)" = 0 ]
}
