#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lago-setup beside other users and beside itself, with an engine that always fails and a /run of its own.

bats_require_minimum_version 1.5.0

setup() {
        SETUP=$(dirname "$LAGO_GATE")/lago-setup
        RUN=$(mktemp -d /tmp/lago-component.XXXXXX)
        mkdir "$RUN/bin" "$RUN/lago"
        chmod 755 "$RUN" "$RUN/lago"
        printf '[lago]\nrelease = v1.50.0\n' >"$RUN/lago/lago.conf"
        printf '#!/bin/sh\necho "no engine today" >&2\nexit 1\n' >"$RUN/bin/podman"
        chmod 755 "$RUN/bin/podman"
}

teardown() {
        [ -z "${holder-}" ] || kill "$holder" 2>/dev/null || :
        rm -rf "$RUN"
}

# set_up COMMAND...: with the programs and the /run of this test
set_up() {
        run unshare --mount sh -c 'mount -t tmpfs -o mode=755 none /run && PATH=$1:$PATH && shift && "$@"' sh "$RUN/bin" "$@"
        echo "$status $output"
}

@test "a lock that any user can take does not hold lago-setup up" {
        # It lasts for as long as the pipe is open.
        coproc setpriv --reuid=nobody --regid=nogroup --clear-groups flock "$RUN/lago" sh -c 'echo held; cat'
        holder=$COPROC_PID
        read -r -t 5 -u "${COPROC[0]}" word
        [ "$word" = held ]
        set_up timeout 10 "$SETUP" --once --directory="$RUN/lago"
        [ "$status" = 75 ]
        [[ $output == *'no engine today'* ]]
}

@test "a name that /etc/hosts gives a loopback address is refused: inside a container it is the container" {
        printf '127.0.0.1 localhost\n127.0.1.1 billing.example.com billing\n' >"$RUN/hosts"
        printf '[database]\nmode = external\n[redis]\nmode = external\n' >>"$RUN/lago/lago.conf"
        printf 'DATABASE_URL=postgresql://lago:s@Billing:5432/lago\nREDIS_URL=redis://billing.example.com:6379\n' >"$RUN/lago/lago.env"
        # shellcheck disable=SC2016 # to be expanded in there
        set_up sh -c 'mount --bind "$1/hosts" /etc/hosts && "$2" --check --directory="$1/lago"' sh "$RUN" "$SETUP"
        [ "$status" = 78 ]
        [[ $output == *'DATABASE_URL names Billing, to which /etc/hosts gives 127.0.1.1: inside a container that is the container itself'* ]]
        [[ $output == *'REDIS_URL names billing.example.com, to which /etc/hosts gives 127.0.1.1'* ]]
}

@test "what containers alone ask is looked up in /etc/hosts, too" {
        printf '127.0.0.1 localhost\n127.0.1.1 billing.example.com billing\n192.0.2.7 mail\n' >"$RUN/hosts"
        printf '%s\n' LAGO_SMTP_ADDRESS=billing LAGO_REDIS_CACHE_URL=redis://billing.example.com:6379 \
                LAGO_KAFKA_BOOTSTRAP_SERVERS=k1:9092,billing:9092 >"$RUN/lago/lago.env"
        # shellcheck disable=SC2016 # to be expanded in there
        set_up sh -c 'mount --bind "$1/hosts" /etc/hosts && "$2" --check --directory="$1/lago"' sh "$RUN" "$SETUP"
        [ "$status" = 78 ]
        for name in LAGO_SMTP_ADDRESS LAGO_REDIS_CACHE_URL LAGO_KAFKA_BOOTSTRAP_SERVERS; do
                [[ $output == *"$name names billing"*", to which /etc/hosts gives 127.0.1.1: inside a container that is the container itself"* ]]
        done
        printf 'LAGO_SMTP_ADDRESS=mail\n' >"$RUN/lago/lago.env"
        # shellcheck disable=SC2016
        set_up sh -c 'mount --bind "$1/hosts" /etc/hosts && "$2" --check --directory="$1/lago"' sh "$RUN" "$SETUP"
        [ "$status" = 0 ]
}

@test "the second of two says for whom it waits, and that one is the only one who can open the lock" {
        set_up bash -c '
                mkdir /run/lago
                umask 077
                perl -e '\''use Fcntl; open(my $f, "+>", "/run/lago/setup.lock") or die; my $l = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0);
                        fcntl($f, F_SETLK, $l) or die; $| = 1; print "held\n"; sleep 60'\'' >/run/held &
                until grep -qs held /run/held; do :; done
                timeout 4 "$0" --once --directory="$1" || echo "ended with $?"
                kill $!
                ! setpriv --reuid=nobody --regid=nogroup --clear-groups cat /run/lago/setup.lock
                timeout 10 "$0" --once --directory="$1" || echo "ended with $?"' "$SETUP" "$RUN/lago"
        [ "$status" = 0 ]
        [[ $output == *'Waiting for another lago-setup (process '* ]]
        [[ $output == *'ended with 124'* ]]
        [[ $output == *'Permission denied'* ]]
        [[ $output == *'ended with 75'* ]]
}

# with_credential SCRIPT: in it, the credential is /run/c/secrets.env.
with_credential() {
        set_up bash -c '
                SETUP=$0
                mount -t tmpfs -o mode=755 none /etc && cp -r "$1/lago" /etc/lago && mkdir /run/c &&
                        printf "SECRET_KEY_BASE=%064d\n" 7 >/run/c/secrets.env || exit 99
                export CREDENTIALS_DIRECTORY=/run/c
                eval "$2"' "$SETUP" "$RUN" "$1"
}

@test "keys come as a credential: all read them, nobody else can, and no file beside it makes two sets of them" {
        with_credential '"$SETUP" --once; echo "ended with $?"; cmp /run/c/secrets.env /run/lago/credentials/secrets.env &&
                stat -c "%a %n" /run/lago/credentials /run/lago/credentials/secrets.env'
        [[ $output == *'ended with 75'*'700 /run/lago/credentials'*'600 /run/lago/credentials/secrets.env' ]]

        with_credential 'echo "NO VALUE" >/run/c/secrets.env; "$SETUP" --once; echo "ended with $?"'
        [[ $output == *'/run/lago/credentials/secrets.env:1'*'ended with 78' ]]

        with_credential 'cp /run/c/secrets.env /etc/lago; "$SETUP" --once; echo "ended with $?"; ls /run/lago'
        [[ $output == *'Keys come as a credential of lago-setup.service, and there is a /etc/lago/secrets.env, too'*'ended with 78'* ]]
        [[ $output != *$'\n'credentials* ]]
}

# systemd drops a message that is not UTF-8 as a whole.
@test "STATUS= is what systemd takes, wherever a line of a file is cut off" {
        local before
        for before in '' x; do
                printf '[lago]\nrelease = v1.50.0\nfront-url = %s%s\n' "$before" "$(printf 'ä%.0s' {1..60})" >"$RUN/lago/lago.conf"
                # shellcheck disable=SC2016 # perl's
                set_up perl -MSocket -e '
                        my $s; socket($s, AF_UNIX, SOCK_DGRAM, 0) && bind($s, pack_sockaddr_un("/run/notify")) or die "socket: $!";
                        $ENV{NOTIFY_SOCKET} = "/run/notify";
                        system @ARGV;
                        recv($s, my $said, 4096, 0);
                        print "said: $said\n";
                        print "bad\n" if !utf8::decode($said) || $said =~ /[\0-\x1f\x7f-\x9f]/;' "$SETUP" --once --directory="$RUN/lago"
                [[ $output == *'said: STATUS=Refused: '*'front-url = '"$before"ä* ]]
                [[ $output != *bad* ]]
        done
}
