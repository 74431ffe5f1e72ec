#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lagoctl verify: what it says when the image cannot be looked into. A script plays podman, on a host of this test's own.

bats_require_minimum_version 1.5.0
load admitted

setup() {
        LAGOCTL=$(dirname "$LAGO_GATE")/lagoctl
        RUN=$(mktemp -d /tmp/lago-component.XXXXXX)
        mkdir -p "$RUN/bin" "$RUN/image"
        chmod 755 "$RUN" "$RUN/bin" "$RUN/image"
        cat >"$RUN/bin/podman" <<'SH'
#!/bin/sh
case "$*" in
*' create '*) [ -z "$BROKEN" ] || { echo "$BROKEN" >&2; exit 125; } ;;
*' mount '*) echo "$RUN/image" ;;
esac
SH
        cp "$LAGO_GATE" "$RUN/bin/"
        chmod 755 "$RUN/bin"/*
        admit "$RUN/admitted"
        { grep -v '^lago-gate:' /etc/passwd; echo 'lago-gate:x:65533:65533::/:/bin/false'; } >"$RUN/passwd"
        chmod 644 "$RUN/passwd"
        export RUN
}

teardown() {
        [ -z "${RUN-}" ] || rm -rf "$RUN"
}

verify() {
        run unshare --mount sh -c '
                mount --bind "$1/passwd" /etc/passwd &&
                mount -t tmpfs -o mode=755 none /run && mkdir /run/lago && cp -r "$1/admitted" /run/lago/ &&
                mount -t tmpfs -o mode=755 none /var/cache && mkdir /var/cache/lago &&
                PATH=$1/bin:$PATH && exec "$2" verify' sh "$RUN" "$LAGOCTL"
        echo "$status $output"
}

@test "an image without migrations is refused, and one that cannot be looked into now is not" {
        verify
        [ "$status" = 81 ]
        BROKEN='no space left on device' verify
        [ "$status" = 75 ]
        [[ $output == *'no space left on device'* ]]
        mkdir -p "$RUN/image/app/db/migrate"
        mkfifo "$RUN/image/app/db/structure.sql"
        touch "$RUN/image/app/db/migrate/20240101000000_one.rb"
        verify
        [ "$status" = 81 ]
        # It is killed, by whatever.
        printf '#!/bin/sh\nkill -9 $$\n' >"$RUN/bin/lago-gate"
        verify
        [ "$status" = 75 ]
}
