#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What "lagoctl export kubernetes" writes, started for real by "podman kube play", as far as that goes. In a soak only.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib
load elsewhere

setup_file() {
        # What holds a pod.
        boot_with_gate catatonit
        in_guest_sh <<'SH'
podman load -q -i /root/lago-gate-image.tar
systemctl start lago-setup || exit
podman network prune -f >/dev/null
lagoctl export kubernetes --output /root/kube
SH
}

teardown_file() {
        remove_guest
}

# --- for a shell in the guest -------------------------------------------------------------------------------

object() {
        # shellcheck disable=SC2046 # a list of files
        grep -l "^metadata: {name: $1," $(grep -l -E "^kind: (Deployment|Job)" object-*)
}

# play NAME [FILE]: what the engine said is shown when it failed.
play() {
        set -- "$1" "${2:-$(object "$1")}"
        timeout 200 podman kube play --replace --network "play:alias=$1" --configmap script.yaml "$2" >"play-$1.log" 2>&1 ||
                { cat "play-$1.log"; return 1; }
}

said_in() {
        podman logs "$1" 2>&1 | grep -E "$2"
}

ask_pod() {
        podman exec db-pod-db psql -U lago -d lago -Atqc "$1"
}

worker_answers() {
        podman exec api-worker-pod-api-worker curl -fsS -o /dev/null http://localhost:8080/
}

# The Job has a name of its own for each release and each change of its settings.
name_of_job() {
        sed -n 's/^metadata: {name: \(lago-migrate-[^,]*\),.*/\1/p' lago.yaml
}

# The script on standard input, in the folder of the export. There are no Services: a pod gets its name as an alias.
with_kube() {
        { printf '%s\n' 'cd /root/kube' "job=\$(name_of_job)"; cat; } | with_words name_of_job object play said_in ask_pod worker_answers
}

@test "what is written fits the published schemas of Kubernetes, without a field that they do not know" {
        local name
        for name in lago secrets; do
                "$guest" pull "$GUEST" "/root/kube/$name.yaml" >"$BATS_TEST_TMPDIR/$name.yaml"
        done
        "$root/tests/manifests/check" "$BATS_TEST_TMPDIR"/{lago,secrets}.yaml
        sed 's/readOnlyRootFilesystem/readOnlyRoot/' "$BATS_TEST_TMPDIR/lago.yaml" >"$BATS_TEST_TMPDIR/wrong.yaml"
        refute "$root/tests/manifests/check" "$BATS_TEST_TMPDIR/wrong.yaml"
}

@test "the init containers run first; no container of Lago runs before the Job has migrated" {
        with_kube <<'SH'
podman network create play >/dev/null
# There is no controller of memory in these guests, so no request can be had.
sed '/^ *resources: {requests: {cpu/d' lago.yaml | csplit -s -z -f object- - '/^---$/' '{*}'
cp "$(grep -l '^kind: ConfigMap' object-*)" script.yaml
cat $(grep -l '^kind: PersistentVolumeClaim' object-*) >claims.yaml
podman kube play secrets.yaml >/dev/null
podman kube play claims.yaml >/dev/null
play db
play redis
play api &
api=$!
until_ok 60 said_in api-pod-gate 'Waiting for the schema: the database is empty'
[ -z "$(podman ps -q --filter name=api-pod-api --filter status=running)" ]
play "$job"
wait "$api"
until_ok 90 podman exec api-pod-api curl -fsS -o /dev/null http://localhost:3000/health
play api-worker
play api-clock
until_ok 60 worker_answers
until_ok 60 said_in api-clock-pod-api-clock 'Starting clock for'
sleep 5
for c in $(podman ps -aq); do podman logs "$c" 2>&1; done >all.log
lacks -E 'relation .* does not exist' all.log
[ "$(podman exec redis-pod-redis redis-cli zcard dead)" = 0 ]
SH
}

@test "the Job once more: the same verdict, and no Rails" {
        with_kube <<'SH'
play "$job"
until_ok 30 said_in "$job-pod-migrate" 'Schema verified: v1.50.0, 1046 of 1046'
[ "$(podman wait "$job-pod-migrate")" = 0 ]
podman logs "$job-pod-migrate" 2>&1 | lacks db:migrate
SH
}

# Podman has no init container for a container that is restarted, and a kubelet has none either.
@test "the schema is behind: a container that is restarted waits, and goes on by itself" {
        with_kube <<'SH'
v=$(ask_pod 'SELECT max(version) FROM schema_migrations')
ask_pod "DELETE FROM schema_migrations WHERE version = '$v'"
podman restart -t 30 api-worker-pod-api-worker >/dev/null
until_ok 30 said_in api-worker-pod-api-worker 'Waiting for the schema: 1 of 1046 missing'
refute worker_answers
refute podman exec api-pod-api /bin/sh /lago/run healthy http://localhost:3000/health
ask_pod "INSERT INTO schema_migrations VALUES ('$v')"
until_ok 60 worker_answers
podman exec api-pod-api /bin/sh /lago/run healthy http://localhost:3000/health
SH
}

@test "of two clocks one runs; the other takes over when the first one stops" {
        with_kube <<'SH'
sed 's/name: api-clock\>/name: second-clock/g' "$(object api-clock)" >second.yaml
play second-clock second.yaml
until_ok 60 said_in second-clock-pod-second-clock 'the clock of this database runs at'
podman logs second-clock-pod-second-clock 2>&1 | lacks 'Starting clock for'
podman pod stop -t 30 api-clock-pod >/dev/null 2>&1
until_ok 60 said_in second-clock-pod-second-clock 'Starting clock for'
SH
}

@test "an image older than the database: the Job ends with 30, and a pod gets no further than its gate" {
        with_kube <<'SH'
ask_pod "INSERT INTO schema_migrations VALUES ('20991231000000')"
play "$job" || :
until_ok 30 said_in "$job-pod-migrate" 'Refused: database is newer than v1.50.0'
[ "$(podman inspect "$job-pod-migrate" --format '{{.State.ExitCode}}')" = 30 ]
podman pod rm -f api-worker-pod >/dev/null 2>&1
refute play api-worker
[ -z "$(podman ps -q --filter name=api-worker-pod-api-worker --filter status=running)" ]
ask_pod "DELETE FROM schema_migrations WHERE version = '20991231000000'"
SH
}

@test "the control: the same pods without the gate fail on a missing relation" {
        with_kube <<'SH'
podman pod rm -f -a >/dev/null 2>&1
podman volume rm lago-postgres-data lago-redis-data >/dev/null
podman kube play claims.yaml >/dev/null 2>&1 || :
for name in api api-worker api-clock; do
        sed -e '/initContainers:/,/^      containers:/{/^      containers:/!d}' \
                -e 's|command: \[/bin/sh, /lago/run\]|command: [/bin/sh, -c]|' \
                -e 's|args: \["[a-z]*", "\(scripts/[a-z.]*\)".*|args: ["exec ./\1"]|' "$(object "$name")" >"bare-$name.yaml"
        grep -q 'exec ./scripts/start' "bare-$name.yaml"
done
play db
play redis
for name in api api-worker api-clock; do
        play "$name" "bare-$name.yaml"
done
until_ok 90 said_in api-worker-pod-api-worker 'relation .* does not exist'
SH
}
