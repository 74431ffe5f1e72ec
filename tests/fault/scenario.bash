# SPDX-License-Identifier: MIT
# What the scenarios share. A scenario prepares, strikes once (or more), and looks at what is left.

# strike COMMAND...: with the fault; $status, and $W/out, $W/err
strike() {
        status=0
        LD_PRELOAD=$FAULT_LIBRARY timeout -k 1 "${PATIENCE_SEC:-20}" "$@" >"$W/out" 2>"$W/err" || status=$?
}

# calm COMMAND...: without; likewise
calm() {
        status=0
        timeout -k 1 "${PATIENCE_SEC:-20}" "$@" >"$W/out" 2>"$W/err" || status=$?
}

wrong() {
        echo "$*"
        [ ! -s "$W/out" ] || sed 's/^/out: /' "$W/out"
        [ ! -s "$W/err" ] || sed 's/^/err: /' "$W/err"
        exit 1
}

# may STATUS...: these alone; one above 128 is a signal, and 124 a hang
may() {
        [[ " $* " == *" $status "* ]] || wrong "ended with $status, which is none of: $*"
}

# whole FILE WANTED: it is as it should be, or not there
whole() {
        [ ! -e "$1" ] || cmp -s "$1" "$2" || wrong "$1 is not whole"
}

# nothing_unfinished DIRECTORY...: no left-over of a write below them
nothing_unfinished() {
        local left
        left=$(find "$@" -name '.*.new' 2>/dev/null)
        [ -z "$left" ] || wrong "left behind: $left"
}

# world: an empty /run and /var/lib/lago, an /etc with what a program cannot do without and the configuration, and a podman
# that knows what was made before. Only in a mount namespace of its own.
world() {
        mkdir -p "$W/etc/lago" "$W/bin" "$W/run/lago" "$W/run/fake" "$W/var/lib" "$W/var/cache/lago"
        cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache "$W/etc/"
        ln -s "$HERE/podman" "$W/bin/podman"
        grep -q '^lago-gate:' "$W/etc/passwd" || echo 'lago-gate:x:64321:64321::/:/usr/sbin/nologin' >>"$W/etc/passwd"
        cat >"$W/etc/lago/lago.conf" <<'CONF'
[lago]
release = v1.50.0
front-url = http://localhost:8080
api-url = http://localhost:3000
CONF
        : >"$W/etc/lago/lago.env"
        mount --bind "$W/etc" /etc
        mount --bind "$W/run" /run
        mount --bind "$W/var" /var
        PATH=$W/bin:$PATH
}

# own_group: a control group of this run's own, as a unit has one; whatever is left in it ends with the run
own_group() {
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        group=/sys/fs/cgroup/lago-fault-${W##*.}.service
        mkdir "$group"
        trap leave_group EXIT
        echo 0 >"$group/cgroup.procs"
}

leave_group() {
        echo 0 >/sys/fs/cgroup/cgroup.procs
        echo 1 >"$group/cgroup.kill"
        until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.01; done
}

# shellcheck disable=SC1090
. "$1"
