# SPDX-License-Identifier: MIT
# A server that is no PostgreSQL, or half of one: perl server.pl KIND [PORT-OF-A-REAL-ONE [BYTES|VERSION]]
# Prints the port it listens on, and serves until it is killed.
#   silent   accepts and never says anything
#   rubbish  answers whatever it is told with random bytes
#   huge     announces a message of two gigabytes
#   hello    logs anybody in, then never answers a query
#   copy     logs anybody in, and answers a query with the start of a COPY
#   columns  logs anybody in, and answers a query with columns nobody asked for
#   rows     logs anybody in, and answers a query with rows without end
#   notices  sends notices without end, and never logs anybody in
#   notice   the same, in one
#   cut      hands on to a real server, and closes after so many bytes of its answers
#   aged     hands on to a real server, and says VERSION wherever that one says its own
use strict;
use warnings;
use IO::Socket::INET;
use IO::Select;

my ($kind, $port, $bytes) = @ARGV;
my $version = $bytes;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16, ReuseAddr => 1) or die;
$| = 1;
$SIG{CHLD} = 'IGNORE';
# One group, so that whoever ends this process ends its children too.
setpgrp;
$SIG{TERM} = sub { $SIG{TERM} = 'DEFAULT'; kill TERM => -$$ };
print $server->sockport, "\n";

sub message { my ($type, $body) = @_; return $type . pack('N', 4 + length $body) . $body; }

# The first message of a client that goes on without TLS and GSS.
sub startup {
        my ($client) = @_;
        for (1 .. 4) {
                sysread($client, my $length, 4) == 4 or exit;
                sysread($client, my $body, unpack('N', $length) - 4);
                return $length . $body if unpack('N', $body) == 196608;
                # A request for TLS or GSS: no.
                syswrite($client, 'N');
        }
        exit;
}

sub log_in {
        my ($client) = @_;
        startup($client);
        syswrite($client, message('R', pack('N', 0)) . message('S', "server_version\0" . "15.6\0") .
                message('K', pack('NN', 1, 2)) . message('Z', 'I'));
        sysread($client, my $query, 65536);
}

sub hand_on {
        my ($client) = @_;
        my $real = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or exit;
        my $select = IO::Select->new($client, $real);
        while (1) {
                for my $from ($select->can_read) {
                        my $n = sysread($from, my $data, 16384) or exit;
                        if ($from == $client) {
                                syswrite($real, $data);
                                next;
                        }
                        $data = substr($data, 0, $bytes);
                        syswrite($client, $data);
                        $bytes -= length $data;
                        exit if $bytes <= 0;
                }
        }
}

# A message of the real server's with the other version in it: its greeting, and the columns that lago-gate asks for.
my @columns;
sub aged {
        my ($type, $body) = @_;
        my %values = (version => $version, current_setting => $version,
                version_num => sprintf('%d%04d', $version =~ /^(\d+)\.(\d+)/));
        if ($type eq 'S') {
                $body =~ s/^server_version\0.*/server_version\0$version\0/s;
        } elsif ($type eq 'T') {
                @columns = unpack 'x2 (Z* x18)*', $body;
        } elsif ($type eq 'D') {
                my $rest = substr $body, 2;
                $body = substr $body, 0, 2;
                for my $name (@columns) {
                        my $length = unpack 'l>', $rest;
                        my $field = substr $rest, 0, 4 + ($length > 0 ? $length : 0), '';
                        $body .= exists $values{$name} ? pack('N/a', $values{$name}) : $field;
                }
        }
        return message($type, $body);
}

sub hand_on_aged {
        my ($client) = @_;
        my $real = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or exit;
        my $select = IO::Select->new($client, $real);
        my $answers = '';
        syswrite($real, startup($client));
        while (1) {
                for my $from ($select->can_read) {
                        my $n = sysread($from, my $data, 16384) or exit;
                        if ($from == $client) {
                                # Before 12 that is no word.
                                $data =~ s/ AS MATERIALIZED / AS NATERIALIZED / if $version < 12;
                                syswrite($real, $data);
                                next;
                        }
                        $answers .= $data;
                        while (length $answers >= 5 && length $answers > unpack('x N', $answers)) {
                                my ($type, $length) = unpack 'a N', $answers;
                                syswrite($client, aged($type, substr $answers, 5, $length - 4));
                                substr($answers, 0, $length + 1) = '';
                        }
                }
        }
}

while (my $client = $server->accept or $!{EINTR}) {
        next unless ref $client;
        next if fork;
        srand($$);
        if ($kind eq 'silent') {
                sleep 3600;
        } elsif ($kind eq 'rubbish') {
                while (sysread($client, my $data, 4096)) {
                        syswrite($client, join '', map { chr int rand 256 } 1 .. 1 + int rand 400);
                }
        } elsif ($kind eq 'cut') {
                hand_on($client);
        } elsif ($kind =~ /^notice/) {
                startup($client);
                my $fields = "SNOTICE\0VNOTICE\0C00000\0M";
                syswrite($client, message('R', pack('N', 0)));
                syswrite($client, 'N' . pack('N', 100 << 20) . $fields) if $kind eq 'notice';
                my $more = $kind eq 'notice' ? 'x' x 65536 : message('N', $fields . 'x' x 8000 . "\0\0");
                1 while syswrite($client, $more);
        } elsif ($kind eq 'aged') {
                hand_on_aged($client);
        } else {
                log_in($client);
                if ($kind eq 'huge') {
                        syswrite($client, 'T' . pack('N', 0x7fffffff) . 'x' x 65536);
                } elsif ($kind eq 'copy') {
                        syswrite($client, message('G', "\0\0\0") . message('H', "\0\0\0") x 100);
                } elsif ($kind eq 'rows') {
                        syswrite($client, message('T', pack('n', 1) . "may_create\0" . pack('NnNnNn', 0, 0, 25, 65535, 0, 0)));
                        my $more = message('D', pack('n', 1) . pack('N/a', 'x' x 60000));
                        1 while syswrite($client, $more);
                } elsif ($kind eq 'columns') {
                        syswrite($client, message('T', pack('n', 1) . "may_create\0" . pack('NnNnNn', 0, 0, 25, 65535, 0, 0)) .
                                message('D', pack('n', 1) . pack('N', 3) . "\x1b[J") . message('C', "SELECT 1\0") . message('Z', 'I'));
                }
                sleep 3600;
        }
        exit;
}
