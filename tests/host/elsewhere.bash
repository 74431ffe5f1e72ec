# SPDX-License-Identifier: MIT
# Words for what "lagoctl export" writes, and for the scripts that look at it in a guest. shellcheck shell=bash
# shellcheck disable=SC2119,SC2120,SC2154,SC2034 # root, guest: of lib.bash; options are for some

# boot_with_gate [PACKAGE...]: a guest with these besides, and lago-gate's image in it.
boot_with_gate() {
        export LAGO_TEST_PACKAGES=$*
        make -s -C "$root" image >&2
        boot_and_install
        "$guest" push "$GUEST" "$root/build/lago-gate-image.tar" /root/
}

# --- for a shell in the guest: sent there with the script ---------------------------------------------------

lacks() {
        if grep "$@"; then return 1; fi
}

# until_ok SECONDS COMMAND...: what it says is shown when it never succeeds.
until_ok() {
        local deadline=$((SECONDS + $1))
        shift
        while [ "$SECONDS" -lt "$deadline" ]; do
                ! "$@" >/dev/null 2>&1 || return 0
                sleep 0.5
        done
        "$@"
}

# of SERVICE[/N]: the id of its container, the first one's without a number. The names have "-" or "_" in them.
of() {
        $engine ps -aq --filter label=com.docker.compose.project=lago --filter "label=com.docker.compose.service=${1%/*}" \
                --filter "label=com.docker.compose.container-number=$([[ $1 != */* ]] && echo 1 || echo "${1#*/}")" | head -n 1
}

said() {
        $engine logs "$(of "$1")" 2>&1 | grep -F "$2"
}

ask_sql() {
        $engine exec "$(of db)" psql -U lago -d lago -Atqc "$1"
}

exit_code() {
        $engine inspect "$(of "$1")" --format '{{.State.ExitCode}}'
}

is_running() {
        [ "$($engine inspect "$(of "$1")" --format '{{.State.Running}}')" = true ]
}

health() {
        [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/health)" = 200 ]
}

compose() {
        timeout 300 docker-compose "$@"
}

# up [OPTION]...: what compose said is shown when it failed.
up() {
        compose up -d "$@" >up.log 2>&1 || { cat up.log; return 1; }
}

down() {
        compose down -v >/dev/null 2>&1
}

# nothing_is_lost [OPTION]...: of no container's log, and of no job.
nothing_is_lost() {
        local container
        sleep 3
        for container in $($engine ps -aq); do $engine logs "$@" "$container" 2>&1; done >all.log
        lacks -E 'relation .* does not exist' all.log
        [ "$($engine exec "$(of redis)" redis-cli zcard dead)" = 0 ]
}

# clean_start: of an empty database.
clean_start() {
        up
        until_ok 60 health
        until_ok 60 said api-clock 'Starting clock for'
        nothing_is_lost
}

# --- here ---------------------------------------------------------------------------------------------------

# with_words FUNCTION...: the script on standard input, with these words, where whatever fails is the end of it.
with_words() {
        { echo 'set -eo pipefail'; declare -f refute lacks until_ok "$@"; cat; } | in_guest_sh
}

# The same in the folder of an export; $engine is docker or podman.
with_compose() {
        {
                echo "engine=$ENGINE"
                [ "$ENGINE" = docker ] || echo 'export DOCKER_HOST=unix:///run/podman/podman.sock'
                echo 'cd /root/lago'
                cat
        } | with_words of said ask_sql exit_code is_running health compose up down nothing_is_lost clean_start
}

# The stand-in of the database does not know POSTGRES_PASSWORD_FILE, as the official image does.
write_compose() {
        in_guest_sh <<'SH'
lagoctl export compose --output /root/lago && cd /root/lago &&
printf 'services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: "%s"\n' "$(cat secrets/db-password)" >compose.override.yaml
SH
}

# clean_starts N: one after the other, each of nothing; the last one stays.
clean_starts() {
        local i
        for ((i = 1; i <= $1; i++)); do
                with_compose <<<'clean_start'
                [ "$i" -eq "$1" ] || with_compose <<<'down'
        done
}

# How many a test makes: ten in a soak.
n_starts() {
        echo $((${SOAK:-$1} < 10 ? ${SOAK:-$1} : 10))
}

# While structure.sql is loaded: a migration in no transaction that is cut in half is for a person, with all of us (83).
the_database_is_killed() {
        with_compose <<'SH'
cp compose.override.yaml override.kept
printf '  migrate:\n    environment: {STANDIN_SLOW_LOAD: "20"}\n' >>compose.override.yaml
compose up -d >up.log 2>&1 &
whole=$!
is_amid() { ask_sql "SELECT to_regclass('invoices')" | grep -q invoices; }
until_ok 120 is_amid
$engine kill "$(of db)" >/dev/null
$engine start "$(of db)" >/dev/null
# The engine's own "up" may have given up, as it lost sight of the database.
wait "$whole" || up || { $engine logs "$(of migrate)" 2>&1 | tail -n 40; exit 1; }
until_ok 120 health
until_ok 60 said api-clock 'Starting clock for'
nothing_is_lost
said migrate 'Schema verified: v1.50.0, 1046 of 1046'
[ "$(ask_sql 'SELECT count(*) FROM schema_migrations')" = 1046 ]
tries=$(said migrate 'rails db:migrate ended with' | wc -l)
echo "$tries tries"
[ "$tries" -ge 2 ]
mv override.kept compose.override.yaml
down
SH
}
