#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The rpm in a root of its own, by rpm and by dnf: what is in it, what its scriptlets do, what is left behind. The root is
# a Debian, so what a RHEL would have is given by an empty package.

bats_require_minimum_version 1.5.0

setup_file() {
        cd "$BATS_TEST_DIRNAME/../.." || return 1
        export root=$BATS_FILE_TMPDIR/root repo=$PWD
        make --no-print-directory build/rpm.stamp >/dev/null
        make --no-print-directory rpm VERSION=99.0 BUILD="$BATS_FILE_TMPDIR/newer" >/dev/null
        ln -s "$(echo build/lago-supervisor-[0-9]*.rpm | xargs readlink -f)" "$BATS_FILE_TMPDIR/this.rpm"
        ln -s "$(echo "$BATS_FILE_TMPDIR"/newer/lago-supervisor-99.0*.rpm)" "$BATS_FILE_TMPDIR/newer.rpm"
        make_world
        mkdir "$root" "$BATS_FILE_TMPDIR/upper"
        mount -t tmpfs -o mode=755 tmpfs "$BATS_FILE_TMPDIR/upper"
        mkdir "$BATS_FILE_TMPDIR/upper/up" "$BATS_FILE_TMPDIR/upper/work"
        mount -t overlay overlay "$root" \
                -o "lowerdir=$(tests/guest/guest tree bookworm),upperdir=$BATS_FILE_TMPDIR/upper/up,workdir=$BATS_FILE_TMPDIR/upper/work"
        mount -t proc proc "$root/proc"
        dnf_in -y install "$BATS_FILE_TMPDIR"/world/*.rpm
        files >"$BATS_FILE_TMPDIR/before"
}

teardown_file() {
        umount "$root/proc" "$root"
        umount "$BATS_FILE_TMPDIR/upper"
}

# An empty package that has all that ours asks for.
make_world() {
        mkdir -p "$BATS_FILE_TMPDIR/world"
        {
                printf '%s\n' 'Name: world' 'Version: 1' 'Release: 1' 'Summary: what else is installed' 'License: MIT' 'BuildArch: noarch'
                rpm -qpR "$BATS_FILE_TMPDIR/this.rpm" | grep -v '^rpmlib(' | sed 's/>= \(.*\)/= \1/; s/^/Provides: /' | sort -u
                printf '%s\n' '%description' 'world' '%files'
        } >"$BATS_FILE_TMPDIR/world.spec"
        rpmbuild -bb --define "_topdir $BATS_FILE_TMPDIR/rpmbuild" --define "_rpmdir $BATS_FILE_TMPDIR/world" \
                --define '_build_name_fmt %%{NAME}.rpm' "$BATS_FILE_TMPDIR/world.spec" >"$BATS_FILE_TMPDIR/world.log" 2>&1
}

rpm_in() {
        rpm --force-debian --root "$root" "$@"
}

dnf_in() {
        dnf --installroot="$root" --releasever=9 --disablerepo='*' --disableplugin='*' --nogpgcheck \
                --setopt=cachedir=/var/cache/dnf --setopt=logdir=/var/log "$@"
}

# Folders below /usr belong to the distribution: on a RHEL they are there before.
files() {
        (cd "$root" && find etc usr var/lib -xdev -not \( -type d -path 'usr/*' \) -not -path 'var/lib/rpm*' -not -path 'var/lib/dnf*' \
                -not -path 'var/lib/systemd/catalog*' | sort)
}

# But for the SELinux module, which is for Debian's policy alone.
@test "it holds what make install installs, and nothing else" {
        make --no-print-directory install DESTDIR="$BATS_FILE_TMPDIR/install" >/dev/null
        (cd "$BATS_FILE_TMPDIR/install" && find . -type f ! -path '*/selinux/*' | sed 's/^\.//') |
                sed '/\/man\//s/$/.gz/; s/vendor-completions/site-functions/' | sort >"$BATS_FILE_TMPDIR/expected"
        rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$BATS_FILE_TMPDIR/this.rpm" |
                sed -n 's/^-[^ ]* //p' | grep -v '^/usr/share/licenses/' | sort >"$BATS_FILE_TMPDIR/got"
        diff -u "$BATS_FILE_TMPDIR/expected" "$BATS_FILE_TMPDIR/got"
        # Each program that is typed has its page.
        for program in lago-gate lagoctl; do
                grep "/man/.*/$program\\.[18]\\.gz" "$BATS_FILE_TMPDIR/got"
        done
        [ "$(grep -c '^/usr/bin/' "$BATS_FILE_TMPDIR/got")" = 2 ]
}

@test "built again, elsewhere, it has the same bytes" {
        make --no-print-directory rpm BUILD="$BATS_FILE_TMPDIR/again" >/dev/null
        cmp "$BATS_FILE_TMPDIR/this.rpm" "$BATS_FILE_TMPDIR"/again/lago-supervisor-*.rpm
}

@test "dnf installs it: configured once, enabled never, and rpm finds every file as it is in the package" {
        dnf_in -y install "$(readlink -f "$BATS_FILE_TMPDIR/this.rpm")"
        run -0 rpm_in -V lago-supervisor
        [ -z "$output" ]
        cmp "$root/etc/lago/lago.conf" conf/lago.conf
        cmp "$root/etc/lago/lago.env" conf/lago.env
        [ "$(stat -c '%a %U %n' "$root"/etc/lago/lago.*)" = "644 root $root/etc/lago/lago.conf
600 root $root/etc/lago/lago.env" ]
        grep '^lago-gate:' "$root/etc/passwd"
        [ "$(stat -c '%a' "$root"/var/lib/lago "$root"/var/cache/lago | sort -u)" = 755 ]
        [ "$(systemctl --root="$root" is-enabled lago.target)" = disabled ]
        # The programs start there: their libraries are those that the package says.
        [ "$(chroot "$root" lagoctl --version)" = "$(build/lagoctl --version)" ]
}

@test "an upgrade changes neither lago.conf nor what is enabled" {
        sed -i 's/^release = .*/release = v1.49.0/' "$root/etc/lago/lago.conf"
        rm "$root/etc/lago/lago.env"
        systemctl --root="$root" enable lago.target
        cp "$root/etc/lago/lago.conf" "$BATS_FILE_TMPDIR/edited"
        dnf_in -y upgrade "$(readlink -f "$BATS_FILE_TMPDIR/newer.rpm")"
        [ "$(rpm_in -q --qf '%{VERSION}' lago-supervisor)" = 99.0 ]
        run -0 rpm_in -V lago-supervisor
        [ -z "$output" ]
        cmp "$root/etc/lago/lago.conf" "$BATS_FILE_TMPDIR/edited"
        [ ! -e "$root/etc/lago/lago.env" ]
        [ "$(systemctl --root="$root" is-enabled lago.target)" = enabled ]
}

@test "removed by rpm: what the operator has written stays, and nothing else" {
        touch "$root/etc/lago/secrets.env"
        rpm_in -e lago-supervisor
        run rpm_in -q lago-supervisor
        [ "$status" != 0 ]
        files | comm -13 "$BATS_FILE_TMPDIR/before" - | grep -v -x -E 'etc/lago(/(lago\.conf|secrets\.env))?' >"$BATS_FILE_TMPDIR/left" || :
        cat "$BATS_FILE_TMPDIR/left"
        # State that the next installation finds.
        [ "$(cat "$BATS_FILE_TMPDIR/left")" = var/lib/lago ]
}
