#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debian's SELinux policy is enforced (there is such an image of trixie alone): with what installing.md says, Lago serves,
# its containers are confined, and nothing of it is denied.

load vm

setup_file() {
        export LAGO_TEST_BOOT_SECONDS=${LAGO_TEST_BOOT_SECONDS:-600}
        prepare_machine --selinux --memory 2048
        in_guest_sh <<'SH'
# Each denial is told, also those that come at once.
sysctl -q kernel.printk_ratelimit=0
mkdir -p /etc/lago/ca
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -keyout /dev/null -out /etc/lago/ca/postgres.pem 2>/dev/null
SH
        config database ca-file /etc/lago/ca/postgres.pem
        { echo 'set -e'; recipe; } | in_guest_sh
}

teardown_file() {
        remove_guest
}

# The commands of the document, so that they are the ones that are tried.
recipe() {
        sed -n '/^### SELinux on Debian/,/^## /s/^    \(semodule -i\|restorecon\)/\1/p' "$root/packaging/doc/installing.md"
}

# nothing_is_denied: to or about what is ours. The host's own services are denied one or the other thing in each boot. By a
# login, since journalctl that a unit runs may not read the journal.
nothing_is_denied() {
        local said denied
        said=$("$guest" exec "$GUEST" journalctl -b -k -q -o cat)
        [[ $said == *SELinux* ]] || { echo '# the journal of the kernel is not to be read'; return 1; }
        denied=$(grep 'avc:  denied' <<<"$said" |
                grep -E 'scontext=[a-z_]*:[a-z_]*:(container|podman|initrc|unconfined|iptables)|lago' || :)
        [ -z "$denied" ] || { echo "# $denied"; return 1; }
}

serves_confined() {
        [ "$(in_guest getenforce)" = Enforcing ]
        healed
        confined_as 'system_u:system_r:container_t:s0:c[0-9]+,c[0-9]+'
        nothing_is_denied
}

# has_type TYPE PATH...: each of them.
has_type() {
        local type=$1 other
        shift
        other=$(in_guest find "$@" ! -context "*:object_r:$type:*" -printf '%p %Z\n' | head -n 5)
        [ -z "$other" ] || { echo "# not $type: $other"; return 1; }
}

@test "first start under enforcing: it serves, and each container is confined" {
        [ "$(recipe | wc -l)" = 2 ]
        start_stack $((300 * slow))
        serves_confined
        sql 'CREATE TABLE kept AS SELECT 1 AS one'
}

@test "what is ours has its label, after restorecon as before" {
        in_guest restorecon -R /etc/lago /run/lago /var/lib/lago /var/cache/lago /var/lib/containers/storage/volumes
        has_type etc_t /etc/lago ! -path '/etc/lago/ca*'
        has_type container_ro_file_t /etc/lago/ca
        has_type container_runtime_t /run/lago ! -name redis.conf
        has_type container_file_t /run/lago/engine/redis.conf
        has_type container_file_t /var/lib/containers/storage/volumes/lago_{postgres,redis,storage}_data/_data
        has_type var_lib_t /var/lib/lago
        has_type var_t /var/cache/lago
        # Not those of the container that wrote it, which none after it has.
        [ -z "$(in_guest find /var/lib/containers/storage/volumes/lago_{postgres,redis}_data/_data ! -context '*:s0')" ]
}

@test "a backup, and a command in a container of its own, by a login and by a unit" {
        "$guest" exec "$GUEST" lagoctl backup /root/by-login
        "$guest" exec "$GUEST" lagoctl rails runner 'puts 1' | grep -x 1
        in_guest systemd-run --wait --quiet lagoctl backup /root/by-unit
        in_guest lagoctl rails runner 'puts 1' | grep -x 1
        nothing_is_denied
}

@test "stopped and started: other categories, and what is in the volumes is read" {
        stop_stack
        nothing_is_denied
        start_stack $((300 * slow))
        serves_confined
        [ "$(sql 'SELECT one FROM kept')" = 1 ]
}

@test "booted: it serves" {
        "$guest" reboot "$GUEST"
        serves_confined
        [ "$(sql 'SELECT one FROM kept')" = 1 ]
}
