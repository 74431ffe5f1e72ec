#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The file for needrestart, read as needrestart reads it.

bats_require_minimum_version 1.5.0

@test "needrestart leaves every unit of ours alone, and no other" {
        cd "$BATS_TEST_DIRNAME/../.." || return
        run -0 perl -we 'use strict;
                our %nrconf = (override_rc => { qr(^dbus) => 0 });
                eval do { local (@ARGV, $/) = "conf/needrestart"; <> };
                die "$@" if $@;
                for my $unit (@ARGV) {
                        my @found = grep { $unit =~ /$_/ } keys %{$nrconf{override_rc}};
                        print "$unit ", (@found == 1 ? $nrconf{override_rc}{$found[0]} : "as usual"), "\n";
                }' $(basename -a units/*.service) lago-worker@events.service postgresql@15-main.service flago.service
        [ "$(grep -c '^lago-.* 0$' <<<"$output")" = "$(($(ls units/*.service | wc -l) + 1))" ]
        [[ $output == *'postgresql@15-main.service as usual'* ]]
        [[ $output == *'flago.service as usual'* ]]
}
