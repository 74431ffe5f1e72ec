#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Memory and room run out, which only a kernel of its own can do to Lago: it says so, and goes on when there is some.

load vm

setup_file() {
        prepare_machine
        start_stack $((300 * slow))
        healed
}

teardown_file() {
        remove_guest
}

# limit MEMBER BYTES|infinity
limit() {
        in_guest systemctl set-property --runtime "lago-$1.service" "MemoryMax=$2" MemorySwapMax=0
}

killed_by_the_kernel() {
        in_guest sh -c "journalctl -b -k -o cat | grep 'Killed process'"
}

@test "the limits of a unit are those of its container" {
        with_words <<'SH'
systemctl set-property --runtime lago-worker.service MemoryMax=700M TasksMax=300
group=$(unit_cgroup worker)
[ "$(cat "$group/memory.max") $(cat "$group/pids.max")" = "734003200 300" ] || { head "$group"/{memory,pids}.max; exit 1; }
[ -n "$(container_pid worker)" ]
grep -q "${group#/sys/fs/cgroup}/" "/proc/$(container_pid worker)/cgroup"
systemctl set-property --runtime lago-worker.service MemoryMax=infinity
SH
        killed_by_the_kernel && return 1
        true
}

@test "out of memory: the worker is killed, the supervisor lives and says why, and all heals when there is memory" {
        local supervisor
        supervisor=$(in_guest systemctl show -P MainPID lago-worker)
        limit worker 40M
        wait_for $((120 * slow)) killed_by_the_kernel
        sleep 10
        figure "$(status_text worker)"
        limit worker infinity
        healed
        figure "worker: $(in_guest systemctl show -P NRestarts lago-worker) restarts of the unit; $(killed_by_the_kernel | sed 's/ *total-vm.*//' | sort | uniq -c | sort -rn | head -n 4 | paste -sd ';')"
        journal -u lago-worker | grep -i 'memory'
        [ "$(in_guest systemctl show -P MainPID lago-worker)" = "$supervisor" ]
}

@test "out of memory in PostgreSQL: what was acknowledged is there" {
        start_writing
        in_guest sh -c 'dmesg -C'
        with_words <<'SH'
now=$(cat "$(unit_cgroup db)/memory.current")
systemctl set-property --runtime lago-db.service MemoryMax=$((now + 30000000)) MemorySwapMax=0
podman exec lago-db psql -U lago -d lago -c "SET work_mem = '2GB'" \
        -c 'SELECT count(*) FROM (SELECT g, md5(g::text) FROM generate_series(1, 3000000) g ORDER BY 2) x'
systemctl set-property --runtime lago-db.service MemoryMax=infinity
dmesg | grep 'Killed process'
SH
        healed
        stop_writing
        every_acknowledged_row_is_there
        figure "db: $(in_guest dmesg | grep -c 'Killed process') killed, $(status_text db)"
}

@test "out of memory in a migration: it is told, and one start heals it" {
        stop_stack
        in_guest sh -c 'dmesg -C; sed -i "s/^release = .*/release = v1.51.0/" /etc/lago/lago.conf'
        limit migrate 40M
        run in_guest timeout $((200 * slow)) systemctl start lago.target
        figure "migrate: start ended with $status; $(status_text migrate); exit status $(in_guest systemctl show -P ExecMainStatus lago-migrate)"
        figure "migrate: $(in_guest dmesg | grep 'Killed process' | sed 's/ *total-vm.*//;s/.*Killed/Killed/' | cut -c1-60 | sort | uniq -c | head -n 4 | paste -sd ';')"
        journal -u lago-migrate | grep -i memory || echo '# nobody said "memory"'
        refute active api
        limit migrate infinity
        in_guest systemctl reset-failed 'lago-*'
        start_stack $((300 * slow))
        healed
        release_is_whole
        journal -u lago-migrate | grep -i memory
}

fill() {
        in_guest_sh "$1" <<'SH'
cd "$1" && ! fallocate -l "$(df --output=avail -B1 . | tail -n 1)" full 2>/dev/null && dd if=/dev/zero of=full bs=1M 2>/dev/null
dd if=/dev/zero of=fuller bs=4k 2>/dev/null
df -h "$1"
SH
}

@test "a full disk below the containers, with a write that fails and a restart, and room again" {
        start_writing
        fill /var/lib/containers
        run sql "CREATE TABLE filler AS SELECT g, repeat('x', 100) FROM generate_series(1, 1000000) g"
        figure "full: $(tail -n 1 <<<"$output" | cut -c1-90)"
        in_guest systemctl restart --no-block lago-api lago-worker
        sleep 45
        figure "full, after 45 s: db '$(status_text db)', api '$(status_text api)', worker '$(status_text worker)'"
        stop_writing
        in_guest rm -f /var/lib/containers/full /var/lib/containers/fuller
        healed
        every_acknowledged_row_is_there
        no_file_of_ours_is_empty
}

@test "a full root disk, a restart of everything, and room again" {
        fill /var/tmp
        in_guest systemctl restart --no-block lago.target
        sleep 60
        figure "full /, after 60 s: $(status_text setup); api '$(status_text api)', ready '$(status_text ready)'"
        in_guest rm -f /var/tmp/full /var/tmp/fuller
        in_guest journalctl -b --no-pager -o cat -p warning -n 5 -t lago-supervisor -t lago-setup || :
        healed
        no_file_of_ours_is_empty
}

# use_up_inodes DIRECTORY: a name for each that is left.
use_up_inodes() {
        in_guest_sh "$1" <<'SH'
mkdir "$1/drops" && perl -e 'chdir shift; for (my $i = 0;; $i++) { open my $f, ">", $i or last }' "$1/drops"
[ "$(df --output=iavail "$1" | tail -n 1)" -eq 0 ] || { df -i "$1"; exit 1; }
SH
}

free_inodes() {
        in_guest find "$1/drops" -delete
}

@test "no inode is left below the containers, and a restart, and there are some again" {
        start_writing
        use_up_inodes /var/lib/containers
        in_guest systemctl restart --no-block lago-api lago-worker
        sleep $((15 * slow))
        figure "no inode: db '$(status_text db)', api '$(status_text api)', worker '$(status_text worker)'"
        refute active worker
        stop_writing
        free_inodes /var/lib/containers
        healed
        every_acknowledged_row_is_there
        no_file_of_ours_is_empty
}

# What a look at a member costs there is a name, too: those that serve go on, and one that is started waits.
@test "no room and no inode on /run, with a restart, and both again" {
        local limit
        for limit in "size=$(in_guest df -B1 --output=used /run | tail -n 1)" "nr_inodes=$(in_guest df --output=iused /run | tail -n 1)"; do
                in_guest mount -o "remount,${limit// /}" /run
                in_guest systemctl restart --no-block lago-worker
                sleep $((10 * slow))
                figure "$limit of /run: worker '$(status_text worker)', api '$(status_text api)', ready '$(status_text ready)'"
                [ "$(in_guest curl -s -m 20 -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/health)" = 200 ]
                in_guest mount -o remount,size=512m,nr_inodes=500k /run
                healed
        done
        no_file_of_ours_is_empty
}

# As ext4 does it by itself where its disk answers with errors: what is mounted so stays so until the next boot.
@test "the root disk becomes read-only: what serves serves on, a restart is told or serves, and the next boot serves" {
        local before
        before=$(in_guest sh -c 'podman ps -q | sort')
        in_guest sh -c 'for d in /sys/fs/ext4/*; do [ "/dev/${d##*/}" != "$(findmnt -no SOURCE /)" ] || echo tried >"$d/trigger_fs_error"; done'
        in_guest findmnt -no OPTIONS / | grep -qw ro
        sleep $((10 * slow))
        [ "$(in_guest curl -s -m 20 -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/health)" = 200 ]
        [ "$(in_guest sh -c 'podman ps -q | sort')" = "$before" ]
        in_guest systemctl restart --no-block lago-worker
        sleep $((15 * slow))
        figure "read-only: worker '$(status_text worker)', ready '$(status_text ready)'"
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        healed
        in_guest findmnt -no OPTIONS / | grep -qw rw
        no_file_of_ours_is_empty
}
