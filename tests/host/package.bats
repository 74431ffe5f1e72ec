#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The package in the hands of an operator: nothing starts by itself, no upgrade changes what runs, nothing is lost.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        boot_guest
        record_files before
        make_newer_package
}

teardown_file() {
        remove_guest
        rm -rf "$BATS_FILE_TMPDIR/newer"
}

package() {
        local packages=("$root"/build/lago-supervisor_*.deb)
        echo "${LAGO_DEB:-${packages[0]}}"
}

# The next version, which ships another release in its lago.conf, and a key that there was not.
make_newer_package() {
        local tree=$BATS_FILE_TMPDIR/newer
        dpkg-deb -R "$(package)" "$tree"
        sed -i 's/^Version: .*/Version: 99.0/' "$tree/DEBIAN/control"
        sed -i 's/^release = .*/release = v1.51.0/' "$tree/usr/share/lago/lago.conf"
        printf '\n[later]\n# Of a later version.\n#key = value\n' >>"$tree/usr/share/lago/lago.conf"
        rm -f "$tree/DEBIAN/md5sums"
        dpkg-deb --root-owner-group -b "$tree" "$BATS_FILE_TMPDIR/newer.deb" >/dev/null
}

# Everything that a package could leave behind.
record_files() {
        in_guest_sh "$1" <<'SH'
find /etc /usr /var/lib -xdev -not -path '/var/lib/containers*' -not -path '/var/lib/dpkg*' \
        -not -path '/var/lib/systemd*' -not -path '/usr/lib/lago-test*' -not -path '/var/lib/apt*' | sort >"/var/tmp/files.$1"
SH
}

# Of each member, one a line: so a difference names who was restarted.
invocations() {
        local member
        for member in db redis migrate api worker clock front pdf ready; do
                echo "$member $(invocation $member)"
        done
}

# same WHAT EXPECTED GOT
same() {
        [ "$2" = "$3" ] || { printf '# %s: expected\n%s\n# but it is\n%s\n' "$1" "$2" "$3"; return 1; }
}

# A customer who asks ten times a second. Each answer is a line; one that is not 200 says what curl has to say. It waits
# long for an answer: how fast this machine is just now is not the question, a refused or broken connection is.
customer_comes() {
        in_guest_sh <<'SH'
cat >/var/tmp/customer.sh <<'CUSTOMER'
#!/bin/sh
trap 'leave=1' TERM
until [ "${leave-}" ]; do
        curl -s -m 120 -o /dev/null -w '%{http_code} %{errormsg} %{time_total} s\n' http://127.0.0.1:3000/health
        sleep 0.1
done >/var/tmp/customer.log
CUSTOMER
# The signal to the shell alone: the request in hand is answered.
systemd-run --quiet --unit=customer --property=KillMode=process --property=TimeoutStopSec=infinity sh /var/tmp/customer.sh
SH
}

answers() {
        in_guest sh -c 'wc -l </var/tmp/customer.log'
}

answers_reach() {
        [ "$(answers)" -ge "$1" ]
}

customer_leaves() {
        in_guest systemctl stop customer
        same "answers that are not 200" '' "$(in_guest sh -c 'grep -nv "^200 " /var/tmp/customer.log || :')"
}

@test "an installation starts nothing and enables nothing" {
        "$guest" install "$GUEST" "$(package)"
        [ -z "$(containers)" ]
        [ "$(in_guest systemctl is-active lago.target)" = inactive ]
        [ "$(in_guest systemctl is-enabled lago.target)" = disabled ]
        in_guest systemd-analyze verify --man=no /lib/systemd/system/lago.target
        start_stack
        serves
}

@test "an upgrade restarts nothing, keeps lago.conf, and not one request fails meanwhile" {
        local before conf
        in_guest sed -i -e 's|^#shm-size = .*|shm-size = 300M|' -e '1i # Edited by hand.' /etc/lago/lago.conf
        before=$(invocations)
        conf=$(in_guest md5sum /etc/lago/lago.conf)
        customer_comes
        wait_for 120 answers_reach 10
        "$guest" install "$GUEST" "$BATS_FILE_TMPDIR/newer.deb"
        wait_for 120 answers_reach $(($(answers) + 10))
        customer_leaves
        same "invocations" "$before" "$(invocations)"
        same "lago.conf" "$conf" "$(in_guest md5sum /etc/lago/lago.conf)"
        # What is new is where the manual says to look for it.
        in_guest diff /etc/lago/lago.conf /usr/share/lago/lago.conf | grep -x '> #key = value'
        # Also a restart runs the release that the operator chose, not the one that the new package ships.
        in_guest timeout 300 systemctl restart lago.target
        same "status" "Lago serves v1.50.0" "$(status_text ready)"
        same "shm-size" 300M "$(in_guest sh -c 'lagoctl check | sed -n "s/^shm-size = \([^ ]*\).*/\1/p"')"
}

@test "back to the version before, with Lago serving" {
        "$guest" install "$GUEST" "$(package)"
        serves
        in_guest timeout 120 systemctl restart lago.target
        serves
}

@test "removed: everything is stopped, configuration, keys and volumes are kept" {
        local secrets
        secrets=$(in_guest md5sum /etc/lago/secrets.env)
        in_guest dpkg -r lago-supervisor
        [ -z "$(containers)" ]
        [ "$secrets" = "$(in_guest md5sum /etc/lago/secrets.env)" ]
        in_guest podman volume exists lago_postgres_data
        refute in_guest test -e /usr/libexec/lago
}

@test "installed again it finds its keys and its data" {
        "$guest" install "$GUEST" "$(package)"
        start_stack
        serves
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 1046 ]
}

@test "purged: volumes and keys stay, and nothing else is left" {
        in_guest dpkg -P lago-supervisor
        [ -z "$(containers)" ]
        in_guest podman volume exists lago_postgres_data
        in_guest test -e /etc/lago/secrets.env
        record_files after
        run in_guest sh -c 'comm -13 /var/tmp/files.before /var/tmp/files.after | grep -v -x -E "/etc/lago(/secrets.env)?|/etc/containers/networks(/netavark.lock)?"'
        echo "$output"
        [ -z "$output" ]
}

# --- the rpm, whose scriptlets want a systemd that runs -----------------------------------------------------

# There is no rpm in the guest: its files are unpacked, and its scriptlets run as rpm does, with their number.
scriptlet() {
        rpm -qp --qf "%{$1}" "$rpm" | in_guest_sh "$2"
}

@test "the rpm: installed it starts nothing, upgraded it restarts nothing, removed it stops in order" {
        local before
        # The guests of both releases come here at about the same time.
        flock "$root" make -C "$root" --no-print-directory build/rpm.stamp >/dev/null
        rpm=$(echo "$root"/build/lago-supervisor-[0-9]*.rpm)
        rpm2archive -n - <"$rpm" | in_guest tar -C / --no-overwrite-dir --keep-directory-symlink -xf -
        scriptlet POSTIN 1
        [ -z "$(containers)" ]
        same "lago.conf" 644 "$(in_guest stat -c %a /etc/lago/lago.conf)"
        same "lago.target" disabled "$(in_guest systemctl is-enabled lago.target)"
        in_guest systemctl enable lago.target
        start_stack 300
        serves
        before=$(invocations)
        # An upgrade: the new package's %post, then the old one's %preun and %postun.
        scriptlet POSTIN 2
        scriptlet PREUN 1
        scriptlet POSTUN 1
        same "invocations" "$before" "$(invocations)"
        same "lago.target" enabled "$(in_guest systemctl is-enabled lago.target)"
        serves
        scriptlet PREUN 0
        [ -z "$(containers)" ]
        same "lago.target" disabled "$(in_guest systemctl is-enabled lago.target)"
        # Redis had time to write, and PostgreSQL its checkpoint: nobody was killed.
        in_guest_sh <<'SH'
for member in db redis api worker clock front pdf; do
        [ "$(systemctl show -P Result "lago-$member")" = success ] || { systemctl status "lago-$member"; exit 1; }
done
SH
}
