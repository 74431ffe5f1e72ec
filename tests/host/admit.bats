#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which acts admit what stands in /etc/lago, and which do not: the table of lago.target(7). With SOAK all of it is tried.

load lib

setup_file() {
        boot_and_install
        start_stack
}

teardown_file() {
        remove_guest
}

# edit: lago.env says something new, $MARK.
edit() {
        MARK=$((RANDOM * 32768 + RANDOM))
        in_guest_sh "$MARK" <<'SH'
sed -i /^MARK=/d /etc/lago/lago.env
echo "MARK=$1" >>/etc/lago/lago.env
SH
}

is_admitted() {
        in_guest grep -qx "MARK=$MARK" /var/lib/lago/admitted/lago.env
}

lago_serves() {
        wait_for 120 status_has ready 'Lago serves'
        wait_for 30 active ready
        serves
}

# admits COMMAND...: and Lago serves with it.
admits() {
        edit
        in_guest timeout 120 "$@"
        lago_serves
        is_admitted || { echo "# not admitted by: $*"; return 1; }
}

leaves() {
        edit
        in_guest timeout 120 "$@" || :
        lago_serves
        refute is_admitted
        run in_guest lagoctl status
        [[ $output == *'Edited in /etc/lago and not applied: lago.env; "lagoctl apply" applies it'* ]]
}

@test "restarted by name it admits; restarted with another it does not" {
        admits systemctl restart lago-migrate
        leaves systemctl restart lago-ready
        admits systemctl restart lago.target
}

@test "all other acts of the table (SOAK)" {
        [ -n "${SOAK-}" ] || skip "takes two minutes; SOAK=1 runs it"
        leaves systemctl restart 'lago-*'
        leaves systemctl try-restart 'lago-*'
        leaves systemctl restart lago-setup
        leaves systemctl restart lago-db lago-redis lago-api lago-worker lago-clock lago-front lago-pdf lago-ready
        leaves systemctl start lago.target
        in_guest systemctl stop lago-migrate
        leaves systemctl start lago-worker lago-clock lago-front
        admits systemctl reload lago-migrate
        admits lagoctl restart
        stop_stack
        admits systemctl start lago.target
}

@test "apply: what is refused stops nothing; what is good is applied, PostgreSQL left alone" {
        local api db
        api=$(invocation api) db=$(invocation db)
        edit
        in_guest_sh <<<'echo "front-ulr = x" >>/etc/lago/lago.conf'
        run in_guest lagoctl apply
        echo "$output"
        [ "$status" = 78 ]
        [[ $output == *'Refused, so nothing was stopped'* ]]
        run in_guest systemctl reload lago-migrate
        [ "$status" != 0 ]
        in_guest_sh <<<'sed -i -e /front-ulr/d -e "s/^release = .*/release = v9.9.9/" /etc/lago/lago.conf'
        run in_guest lagoctl apply
        echo "$output"
        [ "$status" = 81 ] || [ "$status" = 75 ]
        [ "$(invocation api)" = "$api" ]
        serves
        in_guest_sh <<<'sed -i "s/^release = .*/release = v1.50.0/" /etc/lago/lago.conf'
        run in_guest lagoctl apply --dry-run
        echo "$output"
        [ "$status" = 0 ]
        [[ $output == *'Edited: lago.env.'*'Schema verified: v1.50.0'*'PostgreSQL and Redis go on.'* ]]
        refute is_admitted
        [ "$(invocation api)" = "$api" ]
        in_guest timeout 120 lagoctl apply
        lago_serves
        is_admitted
        [ "$(invocation api)" != "$api" ]
        [ "$(invocation db)" = "$db" ]
}

@test "a reload applies" {
        admits systemctl reload lago-migrate
}

@test "a reboot goes on with what was admitted, whatever is half edited; apply admits it, once it is right" {
        edit
        in_guest_sh <<<'echo "front-ulr = x" >>/etc/lago/lago.conf; systemctl enable lago.target; sync'
        "$guest" reboot "$GUEST" >/dev/null
        lago_serves
        refute is_admitted
        [[ $(journal -u lago-migrate) == *'Edited in /etc/lago and not applied: lago.conf, lago.env.'* ]]
        in_guest_sh <<<'sed -i /front-ulr/d /etc/lago/lago.conf'
        in_guest timeout 120 lagoctl apply
        lago_serves
        is_admitted
}
