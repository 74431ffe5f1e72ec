# SPDX-License-Identifier: MIT
# ClickHouse's HTTP interface as far as a ledger needs it: perl clickhouse.pl KIND [KEY=VALUE...]
# Prints the port it listens on, and serves until it is killed. What it is asked goes to standard error.
#
#   ledger     answers from file=FILE with lines "VERSION ACTIVE VER": a table that keeps the older rows of a version, as
#              ReplacingMergeTree does. Without FINAL all of them count, without "active = 1" those rolled back too.
#              user=NAME and password=WORD are asked for, database=NAME is the only one there is; no file is no table.
#              What is POSTed may change it, what is in a GET may not: schema_migrations is created and inserted into in
#              FILE, any other statement is taken as done. At a statement with dies=TEXT in it the server is gone, without a word.
#   exception  answers code=N status=N
#   cut        announces more than it sends        short    ends in the middle of the line, as told
#   rubbish    answers random bytes                html     answers 200 and a page, as some other server would
#   endless    goes on answering                   silent   accepts and says nothing        slow   a byte a second
#   redirect   sends to to=URL
# cert=FILE key=FILE: with TLS. port=N address=IP: there, not anywhere on 127.0.0.1.
use strict;
use warnings;
use IO::Socket::INET;

my ($kind, %with) = (shift, map { split /=/, $_, 2 } @ARGV);
my $server = IO::Socket::INET->new(LocalAddr => $with{address} // '127.0.0.1', LocalPort => $with{port}, Listen => 16, ReuseAddr => 1) or die;
$| = 1;
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
# One group, so that whoever ends this process ends its children too.
setpgrp;
$SIG{TERM} = sub { $SIG{TERM} = 'DEFAULT'; kill TERM => -$$ };
print $server->sockport, "\n";

my %reasons = (200 => 'OK', 302 => 'Found', 401 => 'Unauthorized', 403 => 'Forbidden', 404 => 'Not Found', 500 => 'Internal Server Error');

sub reply {
        my ($client, $status, $body, %headers) = @_;
        $headers{'Content-Length'} //= length $body;
        print $client "HTTP/1.1 $status $reasons{$status}\r\n", (map { "$_: $headers{$_}\r\n" } sort keys %headers),
                "Connection: Close\r\n\r\n", $body;
}

sub exception {
        my ($client, $status, $code, $text) = @_;
        reply($client, $status, "Code: $code. DB::Exception: $text\n", 'X-ClickHouse-Exception-Code' => $code,
                'X-ClickHouse-Server-Display-Name' => 'stand-in');
}

# The versions that a query of this text would find.
sub applied {
        my ($query) = @_;
        my (@rows, %newest);
        open my $file, '<', $with{file} or return;
        while (<$file>) {
                my ($version, $active, $ver) = split;
                push @rows, [$version, $active, $ver];
        }
        if ($query =~ /schema_migrations FINAL\b/) {
                for (@rows) { $newest{$_->[0]} = $_ if !$newest{$_->[0]} || $newest{$_->[0]}[2] < $_->[2] }
                @rows = values %newest;
        }
        @rows = grep { $_->[1] } @rows if $query =~ /active = 1/;
        return [map { $_->[0] } @rows];
}

# A statement that is no question.
sub change {
        my ($query) = @_;
        kill KILL => -getpgrp if defined $with{dies} && index($query, $with{dies}) >= 0;
        return if $query !~ /^CREATE TABLE IF NOT EXISTS schema_migrations |^INSERT INTO schema_migrations /;
        open my $file, '>>', $with{file} or die "$with{file}: $!";
        print $file "$1 $2 ", time, "\n" if $query =~ /VALUES \('(\d+)', (\d+), now\(\)\)/;
}

sub ledger {
        my ($client, $method, $path, $headers, $body) = @_;
        my %arguments = (database => 'default', query => '');
        my ($arguments) = $path =~ /\?(.*)/;
        %arguments = (%arguments, map { my ($k, $v) = split /=/, $_, 2; $v =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; ($k => $v) } split /&/, $arguments // '');
        my $query = $arguments{query} . $body;
        my ($user, $password) = ($headers->{'x-clickhouse-user'} // 'default', $headers->{'x-clickhouse-key'} // '');
        return exception($client, 403, 516, "$user: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)")
                if $user ne ($with{user} // 'default') || $password ne ($with{password} // '');
        return exception($client, 404, 81, "Database $arguments{database} does not exist. (UNKNOWN_DATABASE)")
                if $arguments{database} ne ($with{database} // 'default');
        if ($query !~ /^SELECT /) {
                return exception($client, 500, 164, 'Cannot execute query in readonly mode. (READONLY)') if $method ne 'POST';
                print STDERR "$query\n";
                change($query);
                return reply($client, 200, '');
        }
        my $versions = $with{file} ? applied($query) : undef;
        return exception($client, 404, 60, "Table $arguments{database}.schema_migrations does not exist. (UNKNOWN_TABLE)") if !$versions;
        return reply($client, 200, join '', map { "$_\n" } @$versions) if $query =~ /^SELECT version /;
        reply($client, 200, scalar(@$versions) . "\t" . join(',', @$versions) . "\t24.3.1.2672\n",
                'Content-Type' => 'text/tab-separated-values; charset=UTF-8', 'X-ClickHouse-Format' => 'TabSeparated');
}

sub serve {
        my ($client) = @_;
        my ($request, %headers);
        if ($with{cert}) {
                require IO::Socket::SSL;
                IO::Socket::SSL->start_SSL($client, SSL_server => 1, SSL_cert_file => $with{cert}, SSL_key_file => $with{key}) or return;
        }
        $client->autoflush(1);
        sleep 3600 if $kind eq 'silent';
        $request = <$client> // return;
        while (defined(my $line = <$client>)) {
                $line =~ s/\r?\n$//;
                last if $line eq '';
                $headers{lc $1} = $2 if $line =~ /^([^:]+): ?(.*)/;
        }
        my ($method, $path) = split / /, $request;
        my $body = '';
        read $client, $body, $headers{'content-length'} if $headers{'content-length'};
        print STDERR "$method $path\n";
        return ledger($client, $method, $path, \%headers, $body) if $kind eq 'ledger';
        return exception($client, $with{status}, $with{code}, 'as asked for') if $kind eq 'exception' && $with{code};
        return reply($client, $with{status}, "as asked for\n") if $kind eq 'exception';
        return reply($client, 200, "2\t20231024084411,2023", 'Content-Length' => 1000) if $kind eq 'cut';
        return reply($client, 200, "2\t20231024084411,2023") if $kind eq 'short';
        return reply($client, 200, "<html><body>Welcome</body></html>\n") if $kind eq 'html';
        return reply($client, 302, '', Location => $with{to}) if $kind eq 'redirect';
        if ($kind eq 'rubbish') {
                srand($$);
                print $client join '', map { chr int rand 256 } 1 .. 4000;
        } elsif ($kind eq 'endless') {
                print $client "HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n9\t";
                while (print $client '20231024084411,' x 1000) { }
        } elsif ($kind eq 'slow') {
                print $client "HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n9\t";
                while (print $client '1') { sleep 1 }
        }
}

while (my $client = $server->accept or $!{EINTR}) {
        next unless ref $client;
        next if fork;
        serve($client);
        exit;
}
