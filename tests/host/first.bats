#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The first start of all, cut off while PostgreSQL makes its data directory: what is left looks finished and is not. And
# whatever is left of it, nothing that anybody put into a database is ever taken for its remains.

load lib

setup_file() {
        boot_and_install
}

teardown_file() {
        remove_guest
}

note=/var/lib/lago/unfinished-database

journal_says() {
        journal -u lago-db | grep -qF "$1"
}

stopped_twice() {
        [ "$(journal -u lago-db | grep -c '^Stopped at')" = 2 ]
}

# begin_and_stand_still PLACE: the first start comes to that place and no further.
begin_and_stand_still() {
        wipe_stack
        member_env db "STANDIN_STOP_AT=$1"
        in_guest systemctl start --no-block lago-db
        wait_for 120 journal_says "Stopped at $1."
        in_guest_sh <<'SH'
rm -r /etc/lago/env.d
grep -q BEGUN=yes /var/lib/lago/unfinished-database && ls "$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/base" | grep -q 1
SH
}

kill_unit() {
        in_guest_sh <<<'echo 1 >"/sys/fs/cgroup$(systemctl show -P ControlGroup lago-db)/cgroup.kill"'
}

made_again() {
        wait_for 120 active db
        journal_says 'it is made again from the beginning'
        refute in_guest test -e $note
        [ "$(sql 'SELECT current_user')" = lago ]
}

@test "the whole unit is killed inside initdb" {
        begin_and_stand_still initdb
        kill_unit
        made_again
}

@test "PostgreSQL is killed before its role's database is made" {
        begin_and_stand_still temporary-server
        in_guest_sh <<<'kill -9 $(head -n 1 "/sys/fs/cgroup$(systemctl show -P ControlGroup lago-db)"/libpod-payload-*/cgroup.procs)'
        # In place, by the same supervisor, which knows the environment of its start only.
        wait_for 120 journal_says 'it is made again from the beginning'
        wait_for 120 stopped_twice
        kill_unit
        made_again
}

@test "the power is cut when all is made but nothing was ready" {
        begin_and_stand_still database-made
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        in_guest systemctl start --no-block lago-db
        made_again
        start_stack
        serves
        [ "$(relation_errors)" = 0 ]
}

@test "a database that holds a table is never made again, whatever is noted about it" {
        sql 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)'
        in_guest_sh $note <<'SH'
printf 'WHAT=lago_postgres_data\nBEGUN=yes\n' >"$1"
kill -9 "$(head -n 1 "/sys/fs/cgroup$(systemctl show -P ControlGroup lago-db)"/libpod-payload-*/cgroup.procs)"
SH
        wait_for 120 journal_says 'so it is left as it is'
        note_is_gone() { refute in_guest test -e $note; }
        wait_for 120 note_is_gone
        wait_for 120 active db
        [ "$(sql 'SELECT n FROM kept')" = 42 ]
}

# --- no space left on device ----------------------------------------------------------------------------

@test "the disk is full when the keys are to be written" {
        wipe_stack
        in_guest_sh <<'SH'
set -e
cp -a /etc/lago /root/lago
mount -t tmpfs -o size=256k,mode=755 none /etc/lago
cp -a /root/lago/. /etc/lago/
cat /dev/zero >/etc/lago/filler 2>/dev/null || :
systemctl start --no-block lago-setup
SH
        wait_for 120 status_has setup 'secrets.env: No space left on device'
        refute in_guest test -e /etc/lago/secrets.env
        in_guest rm /etc/lago/filler
        wait_for 120 active setup
        [ "$(in_guest systemctl show -P NRestarts lago-setup)" = 0 ]
        [ "$(in_guest grep -c -E '^(SECRET_KEY_BASE|LAGO_RSA_PRIVATE_KEY|POSTGRES_PASSWORD|(LAGO_)?ENCRYPTION_[A-Z_]*)=.' /etc/lago/secrets.env)" = 9 ]
        in_guest_sh <<'SH'
cp -a /etc/lago/secrets.env /root/ && umount /etc/lago && mv /root/secrets.env /etc/lago/
SH
}

# Nothing of it is on this host but in the registry, which is a web server with the files of "podman push".
registry_with_redis() {
        printf 'FROM docker.io/library/redis:7-alpine\nCOPY random /random\n' |
                in_guest_sh "$(cat)" <<'SH'
set -e
mkdir -p /var/tmp/redis
echo "$1" >/var/tmp/redis/Containerfile
head -c 4M /dev/urandom >/var/tmp/redis/random
podman build --quiet --pull=never --network=none -t 127.0.0.1:5000/redis:full /var/tmp/redis
podman push --quiet --format v2s2 127.0.0.1:5000/redis:full dir:/var/tmp/registry
podman rmi 127.0.0.1:5000/redis:full >/dev/null
cat >/etc/containers/registries.conf.d/test.conf <<CONF
[[registry]]
location = "127.0.0.1:5000"
insecure = true
CONF
cat >/var/tmp/registry/nginx.conf <<'CONF'
events {}
http {
        server {
                listen 127.0.0.1:5000;
                location = /v2/ { return 200; }
                location ~ ^/v2/redis/manifests/ {
                        default_type application/vnd.docker.distribution.manifest.v2+json;
                        alias /registry/manifest.json;
                }
                location ~ ^/v2/redis/blobs/sha256:(.*)$ { default_type application/octet-stream; alias /registry/$1; }
        }
}
CONF
podman run -d --name registry --network host -v /var/tmp/registry:/registry:ro --entrypoint nginx docker.io/getlago/front:v1.50.0 \
        -c /registry/nginx.conf -g 'daemon off; pid /run/nginx.pid;' >/dev/null
SH
}

@test "the disk is full when an image is pulled" {
        registry_with_redis
        wait_for 120 in_guest curl -fs http://127.0.0.1:5000/v2/redis/manifests/full
        config images redis 127.0.0.1:5000/redis:full
        in_guest mount -t tmpfs -o size=1M none /var/tmp
        in_guest systemctl start --no-block lago-redis
        wait_for 120 status_has redis 'Pull failed: no space left on device'
        [ "$(in_guest systemctl show -P ActiveState lago-redis)" = activating ]
        in_guest umount /var/tmp
        wait_for 120 active redis
        [ "$(in_guest podman inspect lago-redis --format '{{.ImageName}}')" = 127.0.0.1:5000/redis:full ]
}

@test "the disk is full when PostgreSQL makes its data directory, and when it migrates" {
        wipe_stack
        in_guest_sh <<'SH'
set -e
sed -i 's/^release = .*/release = v1.6.0/' /etc/lago/lago.conf
podman volume create lago_postgres_data >/dev/null
mount -t tmpfs -o size=24M none "$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')"
systemctl start --no-block lago-db lago-redis
SH
        wait_for 120 status_has db 'no space left on device'
        in_guest_sh <<'SH'
mount -o remount,size=200M "$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')"
SH
        wait_for 120 active db
        in_guest_sh <<'SH'
cat /dev/zero >"$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/filler" 2>/dev/null
systemctl start --no-block lago.target
SH
        wait_for 120 status_has migrate 'no space left on device; again in'
        in_guest_sh <<'SH'
rm "$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/filler"
SH
        wait_for 240 status_has ready 'Lago serves v1.6.0'
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        [ "$(relation_errors)" = 0 ]
        stop_stack
}

# It cannot write its snapshot then, and goes on serving; its log has all keys.
@test "the disk is full when Redis is stopped: it is ended when its time is up, and every key is there" {
        wipe_stack
        run in_guest_sh <<'SH'
podman volume create lago_redis_data >/dev/null
volume=$(podman volume inspect lago_redis_data --format '{{.Mountpoint}}')
mount -t tmpfs -o size=16M none "$volume"
systemctl start lago-redis
podman exec lago-redis redis-cli set kept 42 >/dev/null
cat /dev/zero >"$volume/filler" 2>/dev/null
systemctl stop lago-redis
rm "$volume/filler"
systemctl start lago-redis
podman exec lago-redis redis-cli get kept
systemctl stop lago-redis
umount "$volume"
SH
        [ "${lines[-1]}" = 42 ]
        [ "$(journal -u lago-redis | grep -c "can't exit")" = 1 ]
        [ "$(journal -u lago-redis | grep -c 'Not stopped within its 30 s')" = 1 ]
}
