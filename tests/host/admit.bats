#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What admits what stands in /etc/lago: a restart by name, lagoctl apply and its reload; a reboot does not.

# shellcheck disable=SC2154 # guest: of lib.bash
load lib
load admit

@test "restarted by name it admits; restarted with another it does not" {
        admits systemctl restart lago-migrate
        leaves systemctl restart lago-ready
        admits systemctl restart lago.target
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

# A restart joins a start that still runs: the API, and with it the front, has the number of the job that started it first.
@test "an API that ends for ever: it says what was not applied, and the setting corrected, the same restart admits it" {
        member_env api RAILS_MAX_THREADS=none
        in_guest timeout 60 systemctl restart lago-migrate
        wait_for 60 in_guest test -s /run/lago/jobs
        in_guest rm /etc/lago/env.d/api.env
        admits systemctl restart lago-migrate
        # The same with a job that lago-migrate has not seen: the API was restarted by its own name.
        member_env api RAILS_MAX_THREADS=none
        in_guest timeout 60 systemctl restart lago-migrate
        in_guest rm /etc/lago/env.d/api.env
        in_guest systemctl restart --no-block lago-api
        wait_for 60 status_has api '(edited files were not applied: run lagoctl apply)'
        in_guest systemctl status lago-api --no-pager | grep -F 'run lagoctl apply'
        sleep 7
        admits systemctl restart lago-migrate
        refute status_has api 'not applied'
}

# As lago.conf(5) says it, and after a reboot. What podman keeps of a container is not ours: see security.md.
@test "the keys can be a credential that systemd encrypts, of which Lago keeps no copy on a disk" {
        run in_guest_sh <<'SH'
set -e
grep -o '=.\{24,\}' /etc/lago/secrets.env | cut -c2- >/run/values
[ "$(wc -l </run/values)" -ge 5 ]
cd /etc/lago
systemd-creds encrypt --name=secrets.env secrets.env secrets.cred
mkdir -p /etc/systemd/system/lago-setup.service.d
printf '[Service]\nLoadCredentialEncrypted=secrets.env:/etc/lago/secrets.cred\n' \
        >/etc/systemd/system/lago-setup.service.d/secrets.conf
systemctl daemon-reload
! /usr/bin/timeout 60 systemctl restart lago.target || { echo "# two sets of keys are taken"; exit 1; }
systemctl status lago-setup | grep -F 'Refused: keys both as a credential and in secrets.env'
shred -u secrets.env
timeout 120 systemctl restart lago.target
systemctl enable lago.target
sync
SH
        echo "$output"
        [ "$status" = 0 ]
        lago_serves
        "$guest" reboot "$GUEST" >/dev/null
        lago_serves
        run in_guest_sh <<'SH'
[ "$(stat -c '%a %U' /run/lago/credentials/secrets.env)" = '600 root' ] || exit 1
grep -o '=.\{24,\}' /run/lago/credentials/secrets.env | cut -c2- >/run/values
[ "$(wc -l </run/values)" -ge 5 ] || exit 1
grep -rlF -f /run/values /etc /var/lib/lago /var/cache && exit 1
# Taken back: as it was, and a reboot is not needed.
cp -p /run/lago/credentials/secrets.env /etc/lago/secrets.env
rm -r /etc/systemd/system/lago-setup.service.d /etc/lago/secrets.cred
systemctl daemon-reload
timeout 120 systemctl restart lago.target && [ ! -e /run/lago/credentials/secrets.env ] && ls /var/lib/lago/admitted/secrets.env
SH
        echo "$output"
        [ "$status" = 0 ]
        lago_serves
}
