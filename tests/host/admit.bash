# SPDX-License-Identifier: MIT
# What is edited, and whether an act admitted it.
# shellcheck shell=bash disable=SC2154

setup_file() {
        boot_and_install
        start_stack
}

teardown_file() {
        remove_guest
}

# edit: lago.env says something new, $MARK.
edit() {
        MARK=$((RANDOM * 32768 + RANDOM))
        in_guest_sh "$MARK" <<'SH'
sed -i /^MARK=/d /etc/lago/lago.env
echo "MARK=$1" >>/etc/lago/lago.env
SH
}

is_admitted() {
        in_guest grep -qx "MARK=$MARK" /var/lib/lago/admitted/lago.env
}

lago_serves() {
        wait_for 120 status_has ready 'Lago serves'
        wait_for 30 active ready
        serves
}

# admits COMMAND...: and Lago serves with it.
admits() {
        edit
        in_guest timeout 120 "$@"
        lago_serves
        is_admitted || { echo "# not admitted by: $*"; return 1; }
}

leaves() {
        edit
        in_guest timeout 120 "$@" || :
        lago_serves
        refute is_admitted
        run in_guest lagoctl status
        [[ $output == *'Edited in /etc/lago and not applied: lago.env; "lagoctl apply" applies it'* ]]
}
