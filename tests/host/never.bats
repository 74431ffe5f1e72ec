#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What can never succeed is refused once, in seconds, with a sentence and a status of its own; nothing is touched, and when
# it is mended one start is enough. What truth.bats shows already is not repeated here.

load lib
load refusal

setup_file() {
        boot_and_install
        start_stack
        sql "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (42)"
}

teardown_file() {
        remove_guest
}

# The next test begins with what this one should have mended.
teardown() {
        in_guest_sh <<'SH'
[ ! -e /etc/lago/kept ] || mv /etc/lago/kept /etc/lago/secrets.env
rm -rf /etc/lago/lago.conf.d
podman rm -f stranger >/dev/null 2>&1
[ "$(podman inspect lago-front --format '{{index .Config.Labels "io.lago-supervisor.member"}}' 2>/dev/null)" = front ] ||
        podman rm -f lago-front >/dev/null 2>&1
systemctl daemon-reload
SH
}

@test "81: an image that is not here, with pull = never" {
        stop_stack
        config images pull never
        config images api getlago/api:v0.0.1
        refused migrate 81 'getlago/api:v0.0.1'
        stays_refused migrate
        in_guest rm -r /etc/lago/lago.conf.d
        in_guest systemctl daemon-reload
        mended
}

@test "81: an image that holds no migrations" {
        stop_stack
        config images api library/redis:7-alpine
        refused migrate 81 'holds no migrations'
        refute in_guest podman container exists lago-migrate-files
        in_guest rm -r /etc/lago/lago.conf.d
        mended
}

@test "82: keys missing for data that is there: none are made" {
        stop_stack
        in_guest mv /etc/lago/secrets.env /etc/lago/kept
        refused setup 82 'Refused'
        run ! in_guest test -e /etc/lago/secrets.env
        in_guest mv /etc/lago/kept /etc/lago/secrets.env
        mended
}

@test "82: another encryption key than the data was written with" {
        stop_stack
        in_guest cp -a /etc/lago/secrets.env /etc/lago/kept
        in_guest_sh <<'SH'
new=$(openssl rand -hex 32)
sed -i -E "s/^((LAGO_)?ENCRYPTION_PRIMARY_KEY)=.*/\1=$new/" /etc/lago/secrets.env
SH
        refused setup 82 'Refused'
        in_guest mv /etc/lago/kept /etc/lago/secrets.env
        mended
}

@test "78: the disk of the volumes is not mounted: nothing is made in its place" {
        local volumes=/var/lib/containers/storage/volumes
        stop_stack
        in_guest podman network rm lago
        in_guest mount -t tmpfs none $volumes
        refused setup 78 'which this host had, is gone'
        refute in_guest podman network exists lago
        [ -z "$(in_guest ls $volumes)" ]
        in_guest umount $volumes
        mended
        # The same of one that was pruned, until the operator means it.
        stop_stack
        in_guest podman volume rm lago_storage_data
        refused setup 78 'the volume lago_storage_data, which this host had, is gone'
        refute in_guest podman volume exists lago_storage_data
        in_guest rm -f /var/lib/lago/volumes
        mended
}

# The folder that the disk is mounted to is there without it, and empty.
@test "78: the disk of Redis' jobs is not mounted: Redis does not begin anew in its place" {
        local jobs
        stop_stack
        jobs=$(in_guest podman volume inspect lago_redis_data --format '{{.Mountpoint}}')
        in_guest mount -t tmpfs none "$jobs"
        refused setup 78 'the volume lago_redis_data, which this host had, is empty'
        [ -z "$(in_guest ls "$jobs")" ]
        in_guest umount "$jobs"
        mended
        # Emptied by the operator, who says so by the command of the sentence.
        stop_stack
        in_guest find "$jobs" -mindepth 1 -delete
        refused setup 78 'the volume lago_redis_data, which this host had, is empty'
        journal -u lago-setup | sed -n 's/.*and to begin anew without its jobs: \(rm -f .*\)/\1/p' | tail -1 >"$BATS_TEST_TMPDIR/remedy"
        in_guest_sh <"$BATS_TEST_TMPDIR/remedy"
        mended
}

# remedy: the command of the last refusal that makes a volume, run as it stands.
remedy() {
        journal -u lago-setup | sed -n 's/.*; run: \(.*\), and write volume = .*/\1/p' | tail -1 >"$BATS_TEST_TMPDIR/remedy"
        in_guest_sh <"$BATS_TEST_TMPDIR/remedy"
}

@test "78: a volume that is the top of a disk, or the folder above the data: the command of the sentence makes one that serves" {
        stop_stack
        config database volume on_disk
        in_guest_sh <<'SH'
podman volume create on_disk
disk=$(podman volume inspect on_disk --format '{{.Mountpoint}}')
mount -t tmpfs none "$disk"
mkdir "$disk/lost+found"
SH
        refused setup 78 'the volume on_disk is itself the top of a disk'
        remedy
        config database volume on_disk_folder
        start_stack
        serves
        stop_stack
        in_guest_sh <<'SH'
disk=$(podman volume inspect on_disk --format '{{.Mountpoint}}')
[ -s "$disk/lago/PG_VERSION" ] && rmdir "$disk/lost+found"
podman volume create --opt type=none --opt o=bind --opt device="$disk" above
SH
        config database volume above
        refused setup 78 'the files of PostgreSQL are one folder deeper than the volume above'
        remedy
        config database volume above_folder
        start_stack
        serves
        stop_stack
        in_guest_sh <<'SH'
rm -r /etc/lago/lago.conf.d
disk=$(podman volume inspect on_disk --format '{{.Mountpoint}}')
podman volume rm -f on_disk_folder above above_folder && umount "$disk" && podman volume rm on_disk
SH
        mended
}

# A power cut tore the engine's own database, or emptied it: no data is in that.
@test "the record of volumes is torn, and then empty: what was in them is there again" {
        stop_stack
        in_guest_sh <<'SH'
for record in /var/lib/containers/storage/libpod/bolt_state.db /var/lib/containers/storage/db.sql; do
        [ ! -s $record ] || { rm -f $record-wal $record-shm; head -c "$(stat -c %s $record)" /dev/zero >$record; }
done
SH
        in_guest systemctl start --no-block lago.target
        wait_for 60 status_has setup "Podman's record of containers and volumes is damaged: "
        journal -u lago-setup | sed -n 's/.*so run: \(mv [^;]*\);.*/\1/p' | tail -1 >"$BATS_TEST_TMPDIR/remedy"
        in_guest_sh <"$BATS_TEST_TMPDIR/remedy"
        mended
}

@test "82: the password of the bundled database is not the one it was made with" {
        stop_stack
        in_guest cp -a /etc/lago/secrets.env /etc/lago/kept
        in_guest sed -i 's/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=0123456789abcdef0123456789abcdef/' /etc/lago/secrets.env
        refused db 82 'POSTGRES_PASSWORD in'
        in_guest mv /etc/lago/kept /etc/lago/secrets.env
        mended
}

@test "84: a data directory of another major version" {
        stop_stack
        in_guest_sh <<'SH'
echo 14 >"$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/PG_VERSION"
SH
        refused db 84 '14'
        # Who stands on it ends too, for its reason, and nobody waits for ever.
        wait_for 60 status_has migrate 'lago-db failed: '
        wait_for 60 sh -c "'$guest' run '$GUEST' -- systemctl is-failed lago-migrate"
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 79 ]
        [ -z "$(in_guest systemctl list-jobs --no-legend 'lago*')" ]
        in_guest_sh <<'SH'
echo 15 >"$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/PG_VERSION"
SH
        mended
}

@test "85: a container of that name that is not ours is left alone" {
        stop_stack
        in_guest podman create --name lago-front docker.io/library/redis:7-alpine
        refused front 85 'lago-front'
        in_guest podman container exists lago-front
        in_guest podman rm lago-front
        mended
}

@test "85: a network of that name that cannot serve" {
        stop_stack
        in_guest podman network create --internal somebodys
        config network name somebodys
        refused setup 85 'somebodys'
        in_guest rm -r /etc/lago/lago.conf.d
        in_guest podman network exists somebodys
        mended
}

@test "80: tables of somebody else, and a ledger of somebody else" {
        stop_stack
        config database volume other_data
        in_guest systemctl start lago-db
        sql 'CREATE TABLE theirs (n int); INSERT INTO theirs VALUES (7)'
        refused migrate 80 'Refused'
        [ "$(sql 'SELECT n FROM theirs')" = 7 ]
        sql "CREATE TABLE schema_migrations (version varchar PRIMARY KEY); INSERT INTO schema_migrations VALUES ('19990101000000')"
        refused migrate 80 'Refused'
        [ "$(sql 'SELECT n FROM theirs')" = 7 ]
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 1 ]
        stop_stack
        in_guest rm -r /etc/lago/lago.conf.d
        mended
}

# versions RELEASE: all that it has as files or in structure.sql.
versions() {
        awk -v want="$1" '/^=/ { if (found) exit; found = $2 == want } /^[+]/ { print $2 }' "$root/tests/data/releases.txt"
}

# refused_untouched STATUS TEXT: by lago-migrate, with the database running; not a row of it is another afterwards.
refused_untouched() {
        local before
        before=$(dump | md5sum)
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        [ "$status" != 124 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = "$1" ]
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        status_has migrate "$2" || { echo "# STATUS: $(status_text migrate)"; return 1; }
        stays_refused migrate
        refute in_guest podman container exists lago-migrate
        [ "$(dump | md5sum)" = "$before" ]
}

@test "80: a gap, a bridge that was jumped, half loaded" {
        start_stack
        sql "COPY schema_migrations TO '/tmp/ledger'"
        sql "DELETE FROM schema_migrations WHERE version = '20220530091046'"
        refused_untouched 80 'Refused: v1.50.0 lacks the files of 1 migrations not run yet'
        sql "DELETE FROM schema_migrations WHERE version NOT IN ($(versions v1.44.0 | sed "s/.*/'&'/" | paste -sd ,))"
        refused_untouched 80 'Refused: v1.50.0 lacks the files of 1 migrations'
        sql "INSERT INTO schema_migrations VALUES ('20220530091046')"
        refused_untouched 80 'Refused: v1.50.0 must not be reached without stopping at v1.45.0'
        sql 'TRUNCATE schema_migrations'
        refused_untouched 80 'Refused: schema_migrations is empty, but there are'
        sql "COPY schema_migrations FROM '/tmp/ledger'"
        mended
}

# roles SQL: what becomes of them while Lago is down; an image of the releases that have their table, but no task for them
roles() {
        stop_stack
        in_guest systemctl start lago-db
        sql "$1"
}

@test "83: the predefined roles cannot be made; an image that has no task for them serves without" {
        roles "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no roles today''; END';
               DELETE FROM roles; CREATE TRIGGER no BEFORE INSERT ON roles EXECUTE FUNCTION no()"
        refused migrate 83 'Refused: roles:seed_predefined failed twice (exit 1)'
        [ "$(journal -u lago-migrate | grep -c -F 'Seeding the predefined roles: ')" = 2 ]
        stays_refused migrate
        "$root/tests/images/variant" "$GUEST" api:v1.50.0 v1.50.0-without --remove /app/scripts/migrate.sh
        config images api getlago/api:v1.50.0-without
        start_stack
        [[ $(journal -u lago-migrate) == *'the predefined roles are missing; run: '* ]]
        [ "$(sql 'SELECT count(*) FROM roles')" = 0 ]
        roles 'DROP FUNCTION no() CASCADE'
        in_guest rm -r /etc/lago/lago.conf.d
        mended
        [ "$(sql 'SELECT count(*) FROM roles')" = 3 ]
}

@test "an older release on a newer database is refused, untouched; the newer one goes on" {
        local before
        in_guest sed -i 's/^release = .*/release = v1.51.0/' /etc/lago/lago.conf
        in_guest timeout 120 systemctl restart lago-migrate
        wait_for 60 status_has ready 'Lago serves'
        wait_for 60 status_has api 'Serving v1.51.0'
        wait_for 60 active front
        mended
        before=$(dump | md5sum)
        in_guest sed -i 's/^release = .*/release = v1.50.0/' /etc/lago/lago.conf
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 80 ]
        status_has migrate 'v1.51.0'
        [ "$(dump | md5sum)" = "$before" ]
        in_guest sed -i 's/^release = .*/release = v1.51.0/' /etc/lago/lago.conf
        mended
        status_has api 'Serving v1.51.0'
}

# Its own name is new with each container.
environment_of_api() {
        in_guest podman inspect lago-api --format '{{range .Config.Env}}{{println .}}{{end}}' | grep -v ^HOSTNAME= | sort
}

@test "an edit half-way, and the supervisor of the API killed at night: what was admitted comes back" {
        local image environment
        image=$(in_guest podman inspect lago-api --format '{{.Image}}')
        environment=$(environment_of_api)
        in_guest_sh <<'SH'
sed -i 's/^release = .*/release = v1.5/; s/^\[api\]/[ap/' /etc/lago/lago.conf
printf 'LAGO_LICENSE=half\nSECRET_KEY_BASE' >/etc/lago/lago.env
kill -9 "$(systemctl show -P MainPID lago-api)"
SH
        api_is_gone() { ! active api; }
        api_is_gone || wait_for 10 api_is_gone || :
        wait_for 60 active api
        wait_for 60 active clock
        wait_for 60 active front
        serves
        [ "$(in_guest podman inspect lago-api --format '{{.Image}}')" = "$image" ]
        diff <(environment_of_api) <(echo "$environment") 
}
