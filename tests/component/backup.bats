#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lagoctl backup: where it writes and what it removes. A script plays podman, and /run and /var/cache are this test's own.

bats_require_minimum_version 1.5.0
load admitted

setup() {
        LAGOCTL=$(dirname "$LAGO_GATE")/lagoctl
        RUN=$(mktemp -d /tmp/lago-component.XXXXXX)
        DIR=$RUN/backups
        mkdir -p "$RUN/bin" "$RUN/state"
        chmod 755 "$RUN"
        cat >"$RUN/bin/podman" <<'SH'
#!/bin/sh
case "$*" in
*--list*) echo '1; 0 1 TABLE DATA public invoices lago' ;;
*pg_restore*) ;;
*pg_dump*) [ -z "$DURING" ] || sh -c "$DURING"; echo dump ;;
esac
SH
        chmod 755 "$RUN/bin/podman"
        admit "$RUN/admitted"
        printf 'STATE=serving\nADDRESS=127.0.0.1\n' >"$RUN/state/db"
        mkdir -p "$RUN/app/db/migrate"
        touch "$RUN/app/db/migrate/20240101000000_one.rb"
        "$LAGO_GATE" manifest --root "$RUN" >"$RUN/manifest-image"
}

teardown() {
        [ -z "${RUN-}" ] || rm -rf "$RUN"
}

# backup DIR: with the programs and files of this test; what the script in $DURING does is done while pg_dump runs
backup() {
        run --separate-stderr unshare --mount sh -c '
                mount -t tmpfs -o mode=755 none /run && mkdir /run/lago && cp -r "$1/admitted" "$1/state" /run/lago/ &&
                mount -t tmpfs -o mode=755 none /var/cache && mkdir /var/cache/lago && cp "$1/manifest-image" /var/cache/lago/ &&
                PATH=$1/bin:$PATH && exec "$2" backup "$3"' sh "$RUN" "$LAGOCTL" "$1"
        echo "$status $output / $stderr"
}

@test "a backup is root's alone, and nothing is beside it" {
        backup "$DIR"
        [ "$status" = 0 ]
        [[ $output == "$DIR"/lago-*Z ]]
        [ "$(stat -c %a "$DIR" "$output" "$output"/* | sort -u | paste -sd ' ')" = '600 700' ]
        [ "$(cd "$output" && echo *)" = 'README fingerprints lago.dump manifest release' ]
        [ "$(ls -A "$DIR")" = "${output##*/}" ]
}

# In that container a shell's orphan that ends with 2 or more counts as a crash of the server.
@test "its way back runs one program at a time in the database's container, no shell around" {
        printf "POSTGRES_USER=o'neil\nPOSTGRES_DB=books\n" >>"$RUN/admitted/secrets.env"
        backup "$DIR"
        [ "$status" = 0 ]
        sed -n 's/^    //p' "$output/README" >"$RUN/restore"
        printf '#!/bin/sh\nprintf "<%%s>" "$@" >>%s\necho >>%s\n' "$RUN/calls" "$RUN/calls" >"$RUN/bin/podman"
        touch "$RUN/lago.dump"
        (cd "$RUN" && PATH=$RUN/bin:$PATH bash -eu <(grep podman restore))
        diff - "$RUN/calls" <<'CALLS'
<exec><lago-db><dropdb><-U><o'neil><books>
<exec><lago-db><createdb><-U><o'neil><books>
<exec><-i><lago-db><pg_restore><--exit-on-error><-U><o'neil><-d><books>
CALLS
}

@test "what an interrupted one left goes, and what others named alike stays" {
        mkdir -p -m 700 "$DIR/.lago-backup.partial/sub" "$DIR/.lago-mine.partial"
        touch "$DIR/.lago-backup.partial/sub/file" "$DIR/.lago-mine.partial/notes"
        ln -s "$RUN/app" "$DIR/.lago-backup.partial/link"
        chmod 755 "$DIR"
        backup "$DIR"
        [ "$status" = 0 ]
        [ ! -e "$DIR/.lago-backup.partial" ]
        [ -e "$DIR/.lago-mine.partial/notes" ]
        [ -e "$RUN/app/db/migrate/20240101000000_one.rb" ]
}

@test "a directory that others can write is refused, with the command that helps, and left as it is" {
        mkdir "$DIR"
        for mode in 777 1777 775 2770; do
                chmod "$mode" "$DIR"
                mkdir -p "$DIR/.lago-backup.partial"
                backup "$DIR"
                [ "$status" = 75 ]
                case $mode in
                1777) [[ $stderr == *"name a directory for backups alone: lagoctl backup $DIR/lago" ]] ;;
                *) [[ $stderr == *"run chmod go-w $DIR, or name another directory" ]] ;;
                esac
                [ "$(ls -A "$DIR")" = .lago-backup.partial ]
        done
        chmod 755 "$DIR"
        chown nobody "$DIR"
        backup "$DIR"
        [ "$status" = 75 ]
        [[ $stderr == *"run chown root $DIR, or name a directory that is" ]]
        [ "$(ls -A "$DIR")" = .lago-backup.partial ]
        # What is told there is what works.
        chmod 1777 "$DIR"
        backup "$DIR/lago"
        [ "$status" = 0 ]
}

@test "a second one at the same time is told whose the first is, and a lock of anybody's is none" {
        mkdir -m 755 "$DIR"
        coproc setpriv --reuid=nobody --regid=nogroup --clear-groups flock "$DIR" sh -c 'echo held; cat'
        read -r -t 5 -u "${COPROC[0]}" word
        [ "$word" = held ]
        export DURING="'$LAGOCTL' backup '$DIR' 2>'$RUN/second'; true"
        backup "$DIR"
        eval "exec ${COPROC[1]}>&-"
        [ "$status" = 0 ]
        cat "$RUN/second"
        grep -Eq "Another backup is being made in $DIR; \"ps -fp [0-9]+\" shows it" "$RUN/second"
        [ "$(ls -A "$DIR" | wc -l)" = 1 ]
}

@test "no memory of it, nor of what it runs, goes to disk" {
        export DURING="ulimit -Hc >'$RUN/core'"
        backup "$DIR"
        [ "$status" = 0 ]
        [ "$(cat "$RUN/core")" = 0 ]
}

@test "of one that fails nothing is left" {
        export DURING='kill -TERM $PPID; exit 1'
        backup "$DIR"
        [ "$status" = 75 ]
        [ -z "$(ls -A "$DIR")" ]
}
