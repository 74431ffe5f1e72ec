#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# "lago-gate install": the copy runs where another C library is, or none, and disturbs nobody who uses it.

bats_require_minimum_version 1.5.0

load helper

setup_file() {
        [ "$(id -u)" -eq 0 ] || skip 'chroot is for root'
        start_everything
}

teardown_file() {
        [ -z "${RUN-}" ] || umount -q "$RUN"/debian-{bookworm,trixie}{/root,} 2>/dev/null || :
        [ -z "${RUN-}" ] || stop_everything
}

# A root of busybox alone, which is statically linked: as in Alpine there is no glibc, and no nsswitch.conf.
bare_root() {
        mkdir -p "$1"/{bin,etc,proc,dev,gate,app,tmp}
        cp "$(type -P busybox)" "$1/bin/busybox"
        ln -s busybox "$1/bin/sh"
        printf '127.0.0.1 localhost\n127.0.0.1 db.internal\n' >"$1/etc/hosts"
        echo 'nameserver 127.0.0.1' >"$1/etc/resolv.conf"
        cp -r "$RUN/images/v1.50.0/app/." "$1/app"
}

# The same with musl as its C library, and with what says that it is there: a program that is linked to it. Of Alpine that is
# all that a foreign program meets; its own programs, linked to musl as well, are not here.
musl_root() {
        bare_root "$1"
        mkdir -p "$1/lib"
        cp -L /lib/ld-musl-*.so.1 "$1/lib/"
        echo 'int main(void) { return 0; }' | musl-gcc -x c -o "$1/bin/is-musl" -
        chroot "$1" /bin/is-musl
}

# debian_root DIR TREE: a Debian with its own glibc; nothing is written into that tree.
debian_root() {
        mkdir -p "$1"
        mount -t tmpfs tmpfs "$1"
        mkdir "$1"/{upper,work,root}
        mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
        mkdir -p "$1"/root/{gate,app}
        printf '127.0.0.1 localhost\n127.0.0.1 db.internal\n' >"$1/root/etc/hosts"
        cp -r "$RUN/images/v1.50.0/app/." "$1/root/app"
}

# in_root DIR USER GATE ARGUMENT...: lago-gate in that root, read-only, as in a container. GATE is the folder of its copy.
in_root() {
        local root=$1 user=$2 gate=$3
        shift 3
        unshare --mount --pid --fork --kill-child -- bash -ec '
                root=$1 user=$2 gate=$3
                shift 3
                mount --bind "$root" "$root"
                mount --bind "$gate" "$root/gate"
                mount -t proc proc "$root/proc"
                mount -o remount,bind,ro "$root"
                mount -o remount,bind,ro "$root/gate"
                exec chroot --userspec="$user" "$root" /gate/lago-gate "$@"' in_root "$root" "$user" "$gate" "$@"
}

setup() {
        new_database
        fill v1.50.0
        export DATABASE_URL="postgresql://lago:changeme@db.internal:$PORT/$DATABASE"
        # As in Lago's image, for a library that is there and not here.
        export LD_PRELOAD='' LC_ALL=C
}

@test 'install: the copy judges in an image without a C library, as root and as nobody, by a name' {
        local user
        "$LAGO_GATE" install "$RUN/gate"
        bare_root "$RUN/bare"
        for user in 0:0 65534:65534; do
                run --separate-stderr in_root "$RUN/bare" "$user" "$RUN/gate" check --app /app --format export
                expect 0 verified
        done
        # A bare root it is: the program as it was linked does not start there.
        cp "$LAGO_GATE" "$RUN/bare/bin/lago-gate"
        run -127 chroot "$RUN/bare" /bin/lago-gate --version
}

@test 'install: what the image preloads is of another C library, and is not loaded' {
        "$LAGO_GATE" install "$RUN/gate"
        [ -d "$RUN/bare" ] || bare_root "$RUN/bare"
        # busybox is linked statically: whoever complains of the variable is the copy.
        run --separate-stderr unshare --mount bash -ec 'mount --bind "$2" "$1/gate"; mount -t proc proc "$1/proc"
                exec busybox env LD_PRELOAD=libjemalloc.so.2 LD_LIBRARY_PATH=/app LD_DEBUG=libs \
                        busybox chroot "$1" /gate/lago-gate --version' sh "$RUN/bare" "$RUN/gate"
        [ "$status" -eq 0 ]
        [ "$output" = "$("$LAGO_GATE" --version)" ]
        [ -z "$stderr" ]
}

# judges_in ROOT: as root and as nobody, and where nothing can be written.
judges_in() {
        local user
        for user in 0:0 65534:65534; do
                run --separate-stderr in_root "$1" "$user" "$RUN/gate" check --app /app --format export
                expect 0 verified
                run --separate-stderr in_root "$1" "$user" "$RUN/gate" wait --app /app --timeout 5
                [ "$status" -eq 0 ]
        done
        run --separate-stderr in_root "$1" 0:0 "$RUN/gate" check --manifest /nowhere
        [ "$status" -eq 65 ]
}

@test 'install: the copy judges in images of Debian 12 and 13, as root and as nobody' {
        "$LAGO_GATE" install "$RUN/gate"
        debian_root "$RUN/debian-bookworm" "$("$TOP/tests/guest/guest" tree bookworm)"
        judges_in "$RUN/debian-bookworm/root"
        debian_root "$RUN/debian-trixie" "$("$BATS_TEST_DIRNAME/on-trixie" --tree)"
        judges_in "$RUN/debian-trixie/root"
}

@test 'install: the copy judges where musl is, as root and as nobody' {
        "$LAGO_GATE" install "$RUN/gate"
        musl_root "$RUN/musl"
        judges_in "$RUN/musl"
        # That root has no glibc: the program as it was linked does not start there.
        cp "$LAGO_GATE" "$RUN/musl/bin/lago-gate"
        run -127 chroot "$RUN/musl" /bin/lago-gate --version
}

@test 'install: anybody may install for anybody, whatever the umask' {
        mkdir -m 777 "$RUN/shared"
        (umask 077 && as_nobody "$LAGO_GATE" install "$RUN/shared/gate")
        chmod 755 "$RUN/shared/gate"
        [ -d "$RUN/bare" ] || bare_root "$RUN/bare"
        run --separate-stderr in_root "$RUN/bare" 1234:1234 "$RUN/shared/gate" check --app /app --format export
        expect 0 verified
}

as_nobody() {
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test 'install: the same again changes nothing, another one takes its place whole' {
        local before
        "$LAGO_GATE" install "$RUN/again"
        before=$(stat -c '%i %Y %n' "$RUN/again"/lago-gate "$RUN/again"/.lago-gate-*/*)
        "$LAGO_GATE" install "$RUN/again"
        [ "$(stat -c '%i %Y %n' "$RUN/again"/lago-gate "$RUN/again"/.lago-gate-*/*)" = "$before" ]

        # What a power cut left, and what an older release of ours installed.
        mkdir "$RUN/again/.lago-gate.new" "$RUN/again/.lago-gate-0123456789abcdef" "$RUN/again/.lago-gate-clickhouse-0123456789abcdef"
        touch "$RUN/again/.lago-gate.new/libpq.so.5"
        ln -sfn .lago-gate-0123456789abcdef/launcher "$RUN/again/lago-gate"
        cp "$LAGO_GATE" "$RUN/other"
        printf x >>"$RUN/other"
        "$RUN/other" install "$RUN/again"
        [ "$("$RUN/again/lago-gate" --version)" = "$("$LAGO_GATE" --version)" ]
        [ "$(find "$RUN/again" -maxdepth 1 -name '.lago-gate-*' ! -name '.lago-gate-c*' | wc -l)" -eq 1 ]
        [ -d "$RUN/again/.lago-gate-clickhouse-0123456789abcdef" ]
        [ ! -e "$RUN/again/.lago-gate.new" ]
}

@test 'install: many at once end with one whole copy' {
        local i pids=()
        for ((i = 0; i < 8; i++)); do
                "$LAGO_GATE" install "$RUN/many" &
                pids+=($!)
        done
        for i in "${pids[@]}"; do wait "$i"; done
        [ "$("$RUN/many/lago-gate" --version)" = "$("$LAGO_GATE" --version)" ]
        [ "$(find "$RUN/many" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}

@test 'install: a lock that any user can take does not hold it up' {
        mkdir -p "$RUN/locked"
        # It lasts for as long as the pipe is open.
        coproc as_nobody flock "$RUN/locked" sh -c 'echo held; cat'
        read -r -t 5 -u "${COPROC[0]}" word
        [ "$word" = held ]
        timeout 10 "$LAGO_GATE" install "$RUN/locked"
        [ "$("$RUN/locked/lago-gate" --version)" = "$("$LAGO_GATE" --version)" ]
        [ "$(find "$RUN/locked" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}

@test 'install: a disk that is full is told, and leaves what was there' {
        mkdir -p "$RUN/small"
        run unshare --mount bash -ec '
                mount -t tmpfs -o size=4M tmpfs "$1"
                mkdir "$1/.lago-gate-0123456789abcdef"
                ln -s .lago-gate-0123456789abcdef/launcher "$1/lago-gate"
                status=0
                "$2" install "$1" || status=$?
                readlink "$1/lago-gate"; ls -A "$1"
                exit $status' sh "$RUN/small" "$LAGO_GATE"
        [ "$status" -eq 71 ]
        [[ $output == *'cannot install into'*'No space left on device'* ]]
        [[ $output == *.lago-gate-0123456789abcdef/launcher* ]]
        [[ $output != *.new* ]]
        run "$LAGO_GATE" install
        [ "$status" -eq 64 ]
}

@test 'install: a copy makes copies, in an image that has nothing else' {
        "$LAGO_GATE" install "$RUN/first"
        bare_root "$RUN/bare2"
        mkdir "$RUN/bare2/first" "$RUN/second"
        run unshare --mount bash -ec 'mount --bind "$2" "$1/first"; mount --bind "$3" "$1/gate"; mount -t proc proc "$1/proc"
                exec chroot "$1" /first/lago-gate install /gate' sh "$RUN/bare2" "$RUN/first" "$RUN/second"
        [ "$status" -eq 0 ]
        diff -r --no-dereference "$RUN/first" "$RUN/second"
}

@test 'install: the gate of ClickHouse brings its libraries along, too' {
        [ -d "$RUN/bare" ] || bare_root "$RUN/bare"
        "${LAGO_GATE%/*}/lago-gate-clickhouse" install "$RUN/gate"
        run unshare --mount bash -ec 'mount --bind "$2" "$1/gate"; mount -t proc proc "$1/proc"
                LAGO_CLICKHOUSE_HOST=db.internal exec chroot "$1" /gate/lago-gate-clickhouse check --manifest /app/manifest' \
                sh "$RUN/bare" "$RUN/gate"
        [ "$status" -eq 65 ]
        "$LAGO_GATE" manifest --root "$RUN/images/v1.50.0" >"$RUN/bare/app/manifest"
        run unshare --mount bash -ec 'mount --bind "$2" "$1/gate"; mount -t proc proc "$1/proc"
                LAGO_CLICKHOUSE_HOST=db.internal LAGO_CLICKHOUSE_PORT=1 exec chroot "$1" /gate/lago-gate-clickhouse check --manifest /app/manifest' \
                sh "$RUN/bare" "$RUN/gate"
        echo "$output"
        # It was looked for at the address that the name stands for.
        [ "$status" -eq 20 ]
        rm "$RUN/bare/app/manifest"
}
