#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The first start of all, cut off while PostgreSQL makes its data directory: what is left looks finished and is not. And
# whatever is left of it, nothing that anybody put into a database is ever taken for its remains.

load lib

setup_file() {
        boot_and_install
}

teardown_file() {
        remove_guest
}

note=/var/lib/lago/unfinished-database

journal_says() {
        journal -u lago-db | grep -qF "$1"
}

stopped_twice() {
        [ "$(journal -u lago-db | grep -c '^Stopped at')" = 2 ]
}

# begin_and_stand_still PLACE: the first start comes to that place and no further.
begin_and_stand_still() {
        wipe_stack
        member_env db "STANDIN_STOP_AT=$1"
        in_guest systemctl start --no-block lago-db
        wait_for 120 journal_says "Stopped at $1."
        in_guest_sh <<'SH'
rm -r /etc/lago/env.d
grep -q BEGUN=yes /var/lib/lago/unfinished-database && ls "$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/base" | grep -q 1
SH
}

kill_unit() {
        in_guest_sh <<<'echo 1 >"/sys/fs/cgroup$(systemctl show -P ControlGroup lago-db)/cgroup.kill"'
}

made_again() {
        wait_for 120 active db
        journal_says 'it is made again from the beginning'
        refute in_guest test -e $note
        [ "$(sql 'SELECT current_user')" = lago ]
}

@test "the whole unit is killed inside initdb" {
        begin_and_stand_still initdb
        kill_unit
        made_again
}

@test "PostgreSQL is killed before its role's database is made" {
        begin_and_stand_still temporary-server
        in_guest_sh <<<'kill -9 $(head -n 1 "/sys/fs/cgroup$(systemctl show -P ControlGroup lago-db)"/libpod-payload-*/cgroup.procs)'
        # In place, by the same supervisor, which knows the environment of its start only.
        wait_for 120 journal_says 'it is made again from the beginning'
        wait_for 120 stopped_twice
        kill_unit
        made_again
}

@test "the power is cut when all is made but nothing was ready" {
        begin_and_stand_still database-made
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        in_guest systemctl start --no-block lago-db
        made_again
        start_stack
        serves
        [ "$(relation_errors)" = 0 ]
}

@test "a database that holds a table is never made again, whatever is noted about it" {
        sql 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)'
        in_guest_sh $note <<'SH'
printf 'VOLUME=lago_postgres_data\nBEGUN=yes\n' >"$1"
kill -9 "$(head -n 1 "/sys/fs/cgroup$(systemctl show -P ControlGroup lago-db)"/libpod-payload-*/cgroup.procs)"
SH
        wait_for 120 journal_says 'so it is left as it is'
        note_is_gone() { refute in_guest test -e $note; }
        wait_for 120 note_is_gone
        wait_for 120 active db
        [ "$(sql 'SELECT n FROM kept')" = 42 ]
}
