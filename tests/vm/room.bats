#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# No inode, no room in /run, a root that an error of its disk has made read-only: while it lasts nobody claims more than is true,
# and when it is over Lago serves without a command. Full disks are in limits.bats.

load vm

setup_file() {
        prepare_machine
        start_stack $((300 * slow))
        healed
}

teardown_file() {
        remove_guest
}

# what_is_said WORDS: the STATUS of those who have something to say.
what_is_said() {
        figure "$1: setup '$(status_text setup)', db '$(status_text db)', redis '$(status_text redis)', api '$(status_text api)', ready '$(status_text ready)'"
}

# take_inodes DIRECTORY: all of its file system, as links to one file take none. A few hundred thousand take a minute each.
take_inodes() {
        with_words "$1" <<'SH'
mkdir -p "$1/taken" && cd "$1/taken" || exit
perl -e 'for ($i = 0; ; $i++) { mkdir "$i" or last if $i % 1000 == 0; open(my $f, ">", int($i / 1000) * 1000 . "/$i") or last }'
echo "# inodes left in $1: $(df --output=iavail "$1" | tail -n 1)"
! touch "$1/one-more" 2>/dev/null
SH
}

give_inodes_back() {
        in_guest rm -rf "$1/taken"
}

@test "no inode below the containers: a restart fails with its reason, and heals when there are some" {
        start_writing
        take_inodes /var/lib/containers
        in_guest systemctl restart --no-block lago-api lago-worker
        sleep $((15 * slow))
        what_is_said 'no inode below the containers'
        stop_writing
        give_inodes_back /var/lib/containers
        healed
        every_acknowledged_row_is_there
        no_file_of_ours_is_empty
}

@test "no inode on the root, a restart of everything: it heals when there are some" {
        take_inodes /var/tmp
        in_guest systemctl restart --no-block lago.target
        sleep $((15 * slow))
        what_is_said 'no inode on the root'
        give_inodes_back /var/tmp
        healed
        no_file_of_ours_is_empty
}

@test "/run is full, and a member ends: it heals when there is room" {
        in_guest_sh <<'SH'
dd if=/dev/zero of=/run/full bs=4k 2>/dev/null
kill -9 "$(head -n 1 /sys/fs/cgroup/lago.slice/lago-worker.service/libpod-payload-*/cgroup.procs)"
df -h /run
SH
        sleep $((15 * slow))
        what_is_said '/run is full'
        in_guest rm -f /run/full
        healed
        no_file_of_ours_is_empty
}

# As after an error of a disk (errors=remount-ro), for all of them.
@test "every disk is read-only: the database is not said to serve, and all is well when they are writable" {
        start_writing
        in_guest sh -c 'sync; echo u >/proc/sysrq-trigger'
        wait_for 60 refute in_guest touch /var/tmp/written
        refute in_guest touch /var/lib/containers/written
        wait_for $((90 * slow)) refute status_has db Serving
        what_is_said 'read-only'
        in_guest sh -c 'mount -o remount,rw / && mount -o remount,rw /var/lib/containers'
        healed
        stop_writing
        every_acknowledged_row_is_there
        no_file_of_ours_is_empty
}
