# SPDX-License-Identifier: MIT
# For the files that have a start refused: that it was, for this alone, and that one command mends it.
# shellcheck shell=bash disable=SC2154

# refused UNIT STATUS TEXT: the start of the stack fails for this, and for this alone.
refused() {
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ] || { echo "# it started"; return 1; }
        [ "$status" != 124 ] || { echo "# it waits"; show_stack; return 1; }
        local got
        got=$(in_guest systemctl show -P ExecMainStatus "lago-$1")
        [ "$got" = "$2" ] || { echo "# lago-$1 ended with $got"; show_stack; return 1; }
        [ "$(in_guest systemctl show -P NRestarts "lago-$1")" = 0 ]
        [ "$(in_guest systemctl show -P ActiveState "lago-$1")" = failed ]
        status_has "$1" "$3" || { echo "# STATUS: $(status_text "$1")"; return 1; }
        status_text ready | grep -F "lago-$1" || { echo "# lago-ready says: $(status_text ready)"; return 1; }
}

# Nothing was asked for since: not tried again behind our back.
stays_refused() {
        [ "$(in_guest systemctl is-active lago.target "lago-$1" | sort -u)" != active ]
        [ -z "$(in_guest systemctl list-jobs --no-legend 'lago*')" ]
}

# One command, as the message says.
mended() {
        start_stack
        serves
        [ "$(sql 'SELECT n FROM kept')" = 42 ]
}
