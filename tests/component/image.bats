#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# "make image": what is in it, and that it works with nothing else around it.

bats_require_minimum_version 1.5.0

setup_file() {
        TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
        RUN=$(mktemp -d /tmp/lago-image.XXXXXX)
        export TOP RUN
        build_image one.tar
        mkdir "$RUN/parts" "$RUN/root"
        tar -xf "$RUN/one.tar" -C "$RUN/parts"
        tar -xf "$RUN/parts/$(of_manifest .Layers[0])" -C "$RUN/root"
}

teardown_file() {
        rm -rf "$RUN"
}

build_image() {
        "$TOP/packaging/image/build" "${LAGO_GATE%/*}" 1.2.3 1700000000 "$RUN/$1"
}

of_manifest() {
        jq -r ".[0]$1" "$RUN/parts/manifest.json"
}

of_config() {
        jq -r "$1" "$RUN/parts/$(of_manifest .Config)"
}

@test 'image: built twice, whatever the hour, the folder and the umask, the same bytes' {
        sleep 1
        (cd / && umask 077 && TZ=Asia/Tokyo LC_ALL=C build_image two.tar)
        cmp "$RUN/one.tar" "$RUN/two.tar"
        # What a debugger wants tells from where it was built.
        run ! grep -r -q -F "$TOP" "$RUN/root"
}

@test 'image: nobody who is root, nothing that gives rights, no shell' {
        [ "$(of_config .config.User)" = 65534:65534 ]
        [ "$(of_config '.config.Entrypoint[0]')" = /usr/lib/lago/lago-gate ]
        [ "$(of_config '.rootfs.diff_ids[0]')" = "sha256:$(sha256sum "$RUN/parts/$(of_manifest .Layers[0])" | cut -d ' ' -f 1)" ]
        [ "$(of_manifest .Config)" = "$(sha256sum "$RUN/parts/$(of_manifest .Config)" | cut -d ' ' -f 1).json" ]
        run ! grep -E '^root:|:0:' "$RUN/root/etc/passwd"
        [ -z "$(find "$RUN/root" -perm /6000)" ]
        [ -z "$(find "$RUN/root" ! -type l -perm /022)" ]
        run ! test -e "$RUN/root/bin/sh"
        # What a volume's first owner is.
        tar -tvf "$RUN/parts/$(of_manifest .Layers[0])" | grep -E '^drwxr-xr-x 65534/65534 .* ./gate/$'
}

@test 'image: as nobody, where nothing but the volume can be written, it installs what runs elsewhere' {
        [ "$(id -u)" -eq 0 ] || skip 'chroot is for root'
        local program
        mkdir "$RUN/volume"
        chown 65534:65534 "$RUN/volume"
        mkdir -p "$RUN/root/proc"
        for program in lago-gate lago-gate-clickhouse; do
                unshare --mount --net --pid --fork --kill-child -- bash -ec '
                        mount --bind "$1" "$1"
                        mount --bind "$2" "$1/gate"
                        mount -t proc proc "$1/proc"
                        mount -o remount,bind,ro "$1"
                        exec chroot --userspec=65534:65534 "$1" "/usr/lib/lago/$3" install /gate' sh "$RUN/root" "$RUN/volume" "$program"
        done
        [ "$("$RUN/volume/lago-gate" --version)" = "$("$LAGO_GATE" --version)" ]
        "$RUN/volume/lago-gate-clickhouse" --version
        [ "$(stat -c %u "$RUN/volume/lago-gate")" = 65534 ]
}
