#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The power goes at any moment, and the disk forgets what was not flushed: the host boots, and Lago serves without a command.

load vm

setup_file() {
        prepare_machine
}

teardown_file() {
        remove_guest
}

setup() {
        RANDOM=$((SEED + BATS_TEST_NUMBER))
}

# As an operator's host is after the installation, on the disk.
before_the_first_start() {
        wipe_stack
        in_guest_sh "${1:-v1.50.0}" <<'SH'
sed -i "s/^release = .*/release = $1/" /etc/lago/lago.conf
systemctl -q enable lago.target
sync
SH
}

@test "first start" {
        local begun=$SECONDS
        start_stack $((300 * slow))
        healed
        no_file_of_ours_is_empty
        release_is_whole
        figure "first start: $((SECONDS - begun)) s"
}

@test "AppArmor confines each container, and denies nothing" {
        [ "$(in_guest cat /sys/module/apparmor/parameters/enabled)" = Y ]
        confined_as 'containers-default-[0-9.]+ \(enforce\)'
        run in_guest sh -c "journalctl -b -k -o cat | grep 'apparmor=\"DENIED\"'"
        figure "AppArmor: ${output:-nothing denied}"
        [ "$status" = 1 ]
}

@test "orderly reboot with jobs in hand: the short one is finished, the long one handed back" {
        local short long begun
        healed
        short=$(api -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=8' | jq -r .id)
        long=$(api -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=300' | jq -r .id)
        wait_for $((30 * slow)) job_is "$short" running
        wait_for $((30 * slow)) job_is "$long" running
        begun=$SECONDS
        "$guest" reboot "$GUEST"
        figure "orderly reboot: $((SECONDS - begun)) s to the login"
        healed
        figure "orderly reboot: $((SECONDS - begun)) s to serving"
        wait_for $((60 * slow)) job_is "$short" 'done'
        # It is run again from its beginning.
        wait_for $((60 * slow)) job_is "$long" running
        release_is_whole
}

job_is() {
        [ "$(api "http://127.0.0.1:3000/test/jobs/$1" | jq -r .state)" = "$2" ]
}

@test "power cut at a first start" {
        local i
        for ((i = 0; i < CUTS; i++)); do
                before_the_first_start
                in_guest systemctl start --no-block lago.target
                cut_within $((20000 * slow))
                release_is_whole
        done
        [ "$(relation_errors)" = 0 ]
}

@test "power cut at an upgrade with migrations" {
        local i
        for ((i = 0; i < CUTS; i++)); do
                before_the_first_start v1.50.0
                start_stack $((300 * slow))
                member_env migrate STANDIN_SLOW_MIGRATION=all:10
                start_writing
                in_guest_sh <<'SH'
sed -i 's/^release = .*/release = v1.51.0/' /etc/lago/lago.conf
sync
systemctl restart --no-block lago-migrate
SH
                cut_within $((25000 * slow))
                stop_writing
                release_is_whole
                every_acknowledged_row_is_there
        done
        [ "$(relation_errors)" = 0 ]
}

@test "power cut while serving under writes" {
        local i
        healed
        for ((i = 0; i < CUTS; i++)); do
                start_writing
                cut_within $((15000 * slow))
                stop_writing
                every_acknowledged_row_is_there
                release_is_whole
        done
}

@test "power cut at a stop" {
        local i
        healed
        for ((i = 0; i < CUTS; i++)); do
                start_writing
                in_guest systemctl stop --no-block lago.target 'lago-*.service'
                cut_within $((8000 * slow))
                stop_writing
                every_acknowledged_row_is_there
                release_is_whole
        done
}
