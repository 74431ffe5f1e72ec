# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# The same stack by others: Quadlet, docker-compose on Podman's socket, podman-compose. Their files are written here, from
# the plan, so that images, environment, arguments, network and volumes are those of the stack that the supervisor runs.
# What waits for what, and by which check, is as in Lago's own docker-compose.yml.

read -ra peers <<<"${PEERS-quadlet-10s quadlet-1s docker-compose exported podman-compose}"
# A peer that does not serve after so long is said not to come up, and is not asked again.
peer_seconds=180
quadlet_folder=/run/containers/systemd
peer_services=(migrate "${members[@]}")

peer_title() {
        case $1 in
        quadlet-10s) echo "Quadlet with \`Notify=healthy\`, checks every 10 s as in Lago's file" ;;
        quadlet-1s) echo 'Quadlet, checks every second' ;;
        docker-compose) echo "\`docker-compose\` on Podman's socket, without \`start_interval\`" ;;
        exported) echo "what \`lagoctl export compose\` writes, by \`docker-compose\` on Podman's socket" ;;
        podman-compose) echo "\`podman-compose\`" ;;
        esac
}

peer_name() {
        case $1 in
        quadlet-*) echo "Quadlet, ${1#quadlet-}" ;;
        *) echo "\`$1\`" ;;
        esac
}

# --- what the files are made of -------------------------------------------------------------------------

# option MEMBER NAME: the values of --NAME= in the plan, one a line.
option() {
        sed -n -e '/^[^-]/q' -e "s|^--$2=||p" "plan/$1.args"
}

image() {
        podman image inspect --format '{{index .RepoTags 0}}' "$(sed -n '/^[^-]/{p;q}' "plan/$1.args")"
}

command_words() {
        sed '1,/^[^-]/d' "plan/$1.args"
}

# needs MEMBER: the members it waits for, and until when.
needs() {
        case $1 in
        migrate) echo 'db service_healthy' ;;
        api | worker | clock) printf '%s\n' 'migrate service_completed_successfully' 'db service_healthy' 'redis service_healthy' ;;
        front) echo 'api service_healthy' ;;
        esac
}

# check_of MEMBER: command, time-out, retries and grace of its health check, one a line; nothing when it has none.
check_of() {
        case $1 in
        db) printf '%s\n' 'pg_isready -U lago -d lago -h localhost -p 5432' 5s 5 0s ;;
        redis) printf '%s\n' 'redis-cli -p 6379 ping' 5s 5 0s ;;
        api) printf '%s\n' 'curl -f http://localhost:3000/health' 60s 3 30s ;;
        worker) printf '%s\n' 'curl -f http://localhost:8080' 60s 3 30s ;;
        esac
}

# --- Quadlet --------------------------------------------------------------------------------------------

# keys MEMBER KEY OPTION: a line KEY=VALUE for each --OPTION=VALUE of the plan.
keys() {
        option "$1" "$3" | sed "s|^|$2=|"
}

quadlet_edges() {
        local upstream _
        needs "$1" | while read -r upstream _; do
                printf 'Requires=peer-%s.service\nAfter=peer-%s.service\n' "$upstream" "$upstream"
        done
}

quadlet_check() {
        local check
        mapfile -t check < <(check_of "$1")
        [ ${#check[@]} -gt 0 ] || return 0
        printf '%s\n' "HealthCmd=${check[0]}" "HealthInterval=$2" "HealthTimeout=${check[1]}" "HealthRetries=${check[2]}" \
                "HealthStartPeriod=${check[3]}" 'Notify=healthy'
}

quadlet_service() {
        if [ "$1" = migrate ]; then
                printf '%s\n' Type=oneshot RemainAfterExit=yes
        else
                echo Restart=always
        fi
        # Migrations take their time; the default is 90 s.
        echo TimeoutStartSec=300
}

# quadlet_file MEMBER INTERVAL
quadlet_file() {
        printf '[Unit]\n'
        quadlet_edges "$1"
        printf '[Container]\nContainerName=lago-%s\nImage=%s\nPull=never\n' "$1" "$(image "$1")"
        keys "$1" Network network
        keys "$1" NetworkAlias network-alias
        keys "$1" EnvironmentFile env-file
        keys "$1" Volume volume
        keys "$1" PublishPort publish
        keys "$1" ShmSize shm-size
        keys "$1" StopSignal stop-signal
        keys "$1" StopTimeout stop-timeout
        command_words "$1" | paste -s -d ' ' | sed -n 's/^./Exec=&/p'
        quadlet_check "$1" "$2"
        printf '[Service]\n'
        quadlet_service "$1"
}

prepare_quadlet() {
        local m
        mkdir -p "$quadlet_folder"
        for m in "${peer_services[@]}"; do quadlet_file "$m" "$1" >"$quadlet_folder/peer-$m.container"; done
        systemctl daemon-reload
}

# --- compose --------------------------------------------------------------------------------------------

# list MEMBER KEY OPTION: the values of --OPTION= as a list.
list() {
        option "$1" "$3" | jq -Rsc 'split("\n")[:-1]' | sed -n "/^\[\]/!s|^|    $2: |p"
}

compose_check() {
        local check
        mapfile -t check < <(check_of "$1")
        [ ${#check[@]} -gt 0 ] || return 0
        printf '    healthcheck:\n      test: ["CMD-SHELL", "%s"]\n      interval: 10s\n      timeout: %s\n      retries: %s\n' "${check[@]:0:3}"
        [ "${check[3]}" = 0s ] || printf '      start_period: %s\n' "${check[3]}"
        # Lago's file has this too; docker-compose refuses the service when the engine's API is older than Docker 25's.
        [ "${check[3]}" = 0s ] || [ "$2" = docker-compose ] || printf '      start_interval: 2s\n'
}

compose_edges() {
        local upstream condition
        [ -n "$(needs "$1")" ] || return 0
        printf '    depends_on:\n'
        needs "$1" | while read -r upstream condition; do
                printf '      %s:\n        condition: %s\n' "$upstream" "$condition"
                [ "$condition" != service_healthy ] || printf '        restart: true\n'
        done
}

# compose_service MEMBER PROGRAM
compose_service() {
        printf '  %s:\n    container_name: lago-%s\n    image: %s\n    pull_policy: never\n' "$1" "$1" "$(image "$1")"
        [ "$1" = migrate ] || printf '    restart: unless-stopped\n'
        list "$1" env_file env-file
        list "$1" volumes volume
        list "$1" ports publish
        option "$1" shm-size | sed 's/^/    shm_size: /'
        command_words "$1" | jq -Rsc 'split("\n")[:-1]' | sed -n '/^\[\]/!s/^/    command: /p'
        compose_check "$1" "$2"
        compose_edges "$1"
}

# The network and the volumes are there already, as they are for the supervisor.
compose_file() {
        local m
        printf 'name: lago\nservices:\n'
        for m in "${peer_services[@]}"; do compose_service "$m" "$1"; done
        printf 'networks:\n  default:\n    name: lago\n    external: true\nvolumes:\n'
        for m in "${peer_services[@]}"; do option "$m" volume; done | grep -v '^/' | sort -u | sed 's/:.*/:\n    external: true/; s/^/  /'
}

# --- our own export -------------------------------------------------------------------------------------

# As it is written, on the network and the volumes that are there; the names are those that are asked for here. The stand-in
# of the database does not know POSTGRES_PASSWORD_FILE.
prepare_export() {
        podman volume rm -f lago_gate >/dev/null
        [ ! -e lago-gate-image.tar ] || podman load --quiet --input lago-gate-image.tar >/dev/null
        rm -rf export
        lagoctl export compose --output export >/dev/null
        cat >export/compose.override.yaml <<YAML
services:
  db: {container_name: lago-db, environment: {POSTGRES_PASSWORD: "$(cat export/secrets/db-password)"}}
  redis: {container_name: lago-redis}
  api-worker: {container_name: lago-worker}
  pdf: {container_name: lago-pdf}
networks: {default: {external: true}}
volumes:
  lago_postgres_data: {external: true}
  lago_redis_data: {external: true}
  lago_storage_data: {external: true}
YAML
}

# --- one start ------------------------------------------------------------------------------------------

prepare_peer() {
        case $1 in
        quadlet-*) prepare_quadlet "${1#quadlet-}" ;;
        exported) prepare_export ;;
        *) compose_file "$1" >compose.yaml ;;
        esac
        case $1 in docker-compose | exported) systemctl start podman.socket ;; esac
}

# start_command NAME: into the array "command". In the foreground podman-compose 1.3 starts nothing behind migrate either: it
# waits with "podman wait --condition=stopped", which never ends for a container that has exited; with -d it says so at once.
start_command() {
        case $1 in
        quadlet-*) command=(systemctl start peer-{api,worker,clock,front,pdf}.service) ;;
        docker-compose) command=(env DOCKER_HOST=unix:///run/podman/podman.sock docker-compose -f compose.yaml up -d) ;;
        exported) command=(env DOCKER_HOST=unix:///run/podman/podman.sock docker-compose --project-directory export up -d) ;;
        podman-compose) command=(podman-compose -f compose.yaml up -d) ;;
        esac
}

# As before it: no container, no unit, no socket; network and volumes stay.
remove_peer() {
        systemctl stop 'peer-*.service' podman.socket podman.service 2>/dev/null || :
        rm -f "$quadlet_folder"/peer-*.container
        podman rm -f -v -t 5 -a >/dev/null 2>&1 || :
        podman pod rm -f -a >/dev/null 2>&1 || :
        systemctl daemon-reload
        systemctl reset-failed
}

# serves HOST PORT PATH: without a process of its own for each attempt, as the asking is not part of what is measured.
serves() (
        exec 3<>"/dev/tcp/$1/$2" || exit 1
        printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$3" "$1" >&3
        IFS= read -r -t 5 line <&3 && [[ $line == HTTP/*' 200 '* ]]
) 2>/dev/null

# Containers without a published port are asked at their own address, once they have one.
container_serves() {
        local address
        # Any of them will do where it is in two networks.
        read -r address _ < <(podman inspect "lago-$1" --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' 2>/dev/null) &&
                [ -n "$address" ] && serves "$address" "$2" "$3"
}

# until_served JOB COMMAND...: until COMMAND succeeds; fails when JOB, which starts the peer, has failed, and at the deadline.
until_served() {
        local job=$1
        shift
        until "$@"; do
                [ "$SECONDS" -lt "$deadline" ] || return 1
                kill -0 "$job" 2>/dev/null || wait "$job" || return 1
                sleep 0.05
        done
}

# by_peer NAME: as "ours"; fails when it did not come up, the reason in NAME.why.
by_peer() {
        local job end command deadline=$((SECONDS + peer_seconds))
        start_command "$1"
        began=$(now_ms)
        timeout $((peer_seconds + 60)) "${command[@]}" >peer.log 2>&1 &
        job=$!
        if until_served "$job" serves 127.0.0.1 3000 /health && until_served "$job" serves 127.0.0.1 8080 / &&
                until_served "$job" container_serves worker 8080 / && until_served "$job" container_serves pdf 3000 /health; then
                end=$(now_ms)
                clock_at=$(first_line "$began" "$clock_words") || { echo 'its clock said nothing' >"$1.why"; return 1; }
                awk -v a="$began" -v b="$(latest "$end" "$clock_at")" 'BEGIN { printf "%.1f\n", b - a }'
                # The start itself ends later, when the last check was done.
                wait "$job" || :
        else
                why_not "$job" >"$1.why"
                return 1
        fi
}

# One sentence for the table: what was never started, and the last that the command said. Ids of containers tell nobody anything.
why_not() {
        local said idle
        said=$(tr -d '|\r' <peer.log | sed -E '/^[[:space:]]*$/d; s/[0-9a-f]{64}/.../g' | tail -n 1 | cut -c1-200)
        idle=$(podman ps -a --filter status=created --format '{{.Names}}' | sed 's/^lago-//' | paste -s -d ' ')
        if kill -0 "$1" 2>/dev/null; then
                kill "$1" 2>/dev/null
                echo "does not come up in $peer_seconds s; never started: ${idle:-none} (${said:-it says nothing})"
        else
                echo "fails; never started: ${idle:-none} (${said:-it says nothing})"
        fi
}

# cold_peer NAME: one start on empty volumes, its figures in files of its name.
cold_peer() {
        [ ! -e "$1.why" ] || return 0
        if [[ $1 == quadlet-* ]] && [ ! -x /usr/libexec/podman/quadlet ]; then
                echo 'not in this Podman' >"$1.why"
                return 0
        fi
        empty_volumes
        prepare_peer "$1"
        if by_peer "$1" >>"$1.ms"; then aftermath "$1"; else cp peer.log "$1.log"; fi
        remove_peer
}
