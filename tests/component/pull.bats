#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lagoctl pull: what it asks a registry for. A script plays podman, and /etc is this test's own.

bats_require_minimum_version 1.5.0

setup() {
        LAGOCTL=$(dirname "$LAGO_GATE")/lagoctl
        RUN=$(mktemp -d /tmp/lago-component.XXXXXX)
        mkdir -p "$RUN/bin" "$RUN/images"
        # It has each image below images/, by its name with "_" for "/"; the registry has those of $REGISTRY besides.
        cat >"$RUN/bin/podman" <<SH
#!/bin/bash
name=\${*: -1} file=$RUN/images/\${name//\//_}
case "\$*" in
*"image inspect"*) [ -e "\$file" ] && echo "id null" || { echo "Error: \$name: image not known" >&2; exit 125; } ;;
*pull*)
        echo "pull \$name" >>$RUN/calls
        case " \$REGISTRY " in *" \${name##*/} "*) touch "\$file"; exit ;; esac
        echo "Error: initializing source docker://\$name: reading manifest in docker.io/getlago: manifest unknown" >&2
        exit 125
        ;;
esac
SH
        chmod 755 "$RUN/bin/podman"
        for image in docker.io_getlago_api:v1.99.2 docker.io_getlago_postgres-partman:15.0-alpine docker.io_library_redis:7-alpine \
                docker.io_getlago_lago-gotenberg:7.8.2; do
                touch "$RUN/images/$image"
        done
        printf '[lago]\nrelease = v1.99.2\n' >"$RUN/lago.conf"
}

teardown() {
        [ -z "${RUN-}" ] || rm -rf "$RUN"
}

pull() {
        run --separate-stderr unshare --mount sh -c '
                mount -t tmpfs -o mode=755 none /etc && mkdir /etc/lago && cp "$1/lago.conf" /etc/lago/ && touch /etc/lago/lago.env &&
                PATH=$1/bin:$PATH && exec "$2" pull' sh "$RUN" "$LAGOCTL"
        echo "$status $output / $stderr"
}

@test "a release that Lago has tagged for the API alone: the front of the patch before, or of the one before that" {
        export REGISTRY="front:v1.99.0"
        pull
        [ "$status" = 0 ]
        [[ $output == *'docker.io/getlago/front:v1.99.2: not in the registry'* ]]
        [[ $output == *'docker.io/getlago/front:v1.99.0: pulling'* ]]
        [ "$(uniq "$RUN/calls" | xargs)" = "pull docker.io/getlago/front:v1.99.2 pull docker.io/getlago/front:v1.99.1 pull docker.io/getlago/front:v1.99.0" ]
}

@test "none of that minor release, an API that is not there, a tag in lago.conf: refused, with the name" {
        export REGISTRY=""
        pull
        [ "$status" = 81 ]
        [[ $stderr == *'the registry has no docker.io/getlago/front:v1.99.0; see release and [images]'* ]]
        rm "$RUN/images/docker.io_getlago_api:v1.99.2" "$RUN/calls"
        pull
        [ "$status" = 81 ]
        [[ $stderr == *'the registry has no docker.io/getlago/api:v1.99.2; '* ]]
        [ "$(sort -u "$RUN/calls")" = "pull docker.io/getlago/api:v1.99.2" ]
        touch "$RUN/images/docker.io_getlago_api:v1.99.2"
        printf '[images]\nfront = getlago/front:v1.99.1\n' >>"$RUN/lago.conf"
        rm "$RUN/calls"
        pull
        [ "$status" = 81 ]
        [ "$(sort -u "$RUN/calls")" = "pull docker.io/getlago/front:v1.99.1" ]
}
