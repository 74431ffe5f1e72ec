#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Walls of the host's own: a resolver that has port 53, a firewall that drops what it was not told of. Each ends in a sentence with
# its remedy, in time, and after the remedy the documented command ends with Lago serving.

load lib

setup_file() {
        boot_and_install
}

teardown_file() {
        remove_guest
}

teardown() {
        in_guest_sh <<'SH'
systemctl stop resolver 2>/dev/null
nft delete table inet filter 2>/dev/null
rm -f /etc/containers/containers.conf.d/port.conf
exit 0
SH
        wipe_stack
}

# As dnsmasq without bind-dynamic: at port 53 of every address, or of those given, and it knows nobody of ours.
resolver() {
        in_guest_sh "$1" <<'SH'
cat >/var/tmp/resolver.pl <<'PERL'
use IO::Socket::INET;
my $udp = IO::Socket::INET->new(LocalAddr => $ARGV[0], LocalPort => 53, Proto => 'udp') or die "udp: $!";
my $tcp = IO::Socket::INET->new(LocalAddr => $ARGV[0], LocalPort => 53, Proto => 'tcp', Listen => 8) or die "tcp: $!";
while (my $from = recv $udp, my $question, 512, 0) {
        substr($question, 2, 2) = pack 'n', 0x8183;
        send $udp, $question, 0, $from;
}
PERL
systemctl stop resolver 2>/dev/null
systemd-run -q --unit=resolver perl /var/tmp/resolver.pl "$1"
for ((i = 0; i < 50; i++)); do ss -lun 'sport = :53' | grep -q ':53' && exit; sleep 0.1; done
exit 1
SH
}

# some_status WORDS: of one of the members.
some_status() {
        in_guest systemctl show -P StatusText 'lago-*.service' | grep -qF -- "$1"
}

starts_in_background() {
        in_guest systemctl start --no-block lago.target
}

@test "another resolver has port 53, and then leaves the network alone: Lago serves" {
        resolver 0.0.0.0
        starts_in_background
        wait_for 150 some_status 'port 53'
        resolver 127.0.0.1
        in_guest_sh <<'SH'
timeout 100 lagoctl stop && timeout 200 lagoctl start
SH
        serves
}

@test "a firewall that drops what comes in and what is forwarded: told in time, with the rule; with it, Lago serves" {
        in_guest_sh <<'SH'
nft -f - <<'NFT'
table inet filter {
        chain input {
                type filter hook input priority filter; policy drop;
                iif "lo" accept
                ct state established,related accept
        }
        chain forward {
                type filter hook forward priority filter; policy drop;
                ct state established,related accept
        }
}
NFT
SH
        starts_in_background
        wait_for 150 some_status 'name server'
        in_guest systemctl show -P StatusText 'lago-*.service' | sort -u | sed 's/^/# /'
        journal -u 'lago-*' | grep -F 'name server' | sort | uniq -c | sed 's/^/# /'
        rule=$(journal -u 'lago-*' | grep -o 'nft insert rule inet filter input [^;]*accept' | head -n 1)
        [ -n "$rule" ]
        in_guest sh -c "$rule"
        # Where the firewall sees what goes over a bridge, containers do not reach each other, either.
        if [ "$(in_guest cat /proc/sys/net/bridge/bridge-nf-call-iptables || :)" = 1 ]; then
                wait_for 120 some_status 'do not reach each other'
                rule=$(journal -u lago-migrate | grep -o 'nft insert rule inet filter forward [^;.]*accept' | head -n 1)
                [ -n "$rule" ]
                in_guest sh -c "$rule"
        fi
        in_guest timeout 200 lagoctl start
        serves
        [ "$(relation_errors)" = 0 ]
}

# The last one: on Debian 12 the rules that lead to the other port stay with the network.
@test "another resolver has port 53: told with who shows it; with another port for Podman's, Lago serves" {
        resolver 0.0.0.0
        starts_in_background
        wait_for 150 some_status 'port 53'
        in_guest systemctl show -P StatusText 'lago-*.service' | sort -u | sed 's/^/# /'
        journal -u 'lago-*' | grep -F 'port 53' | sort | uniq -c | sed 's/^/# /'
        in_guest_sh <<'SH'
mkdir -p /etc/containers/containers.conf.d
printf '[network]\ndns_bind_port = 5353\n' >/etc/containers/containers.conf.d/port.conf
timeout 100 lagoctl stop && timeout 200 lagoctl start
SH
        serves
        [ "$(relation_errors)" = 0 ]
}
