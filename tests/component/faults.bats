#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each program while one call after the other fails: see tests/fault/inject. In a soak every call, with every error.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
        start_everything
        for DATABASE in complete behind; do
                sql postgres -c "CREATE DATABASE $DATABASE OWNER lago"
                fill v1.50.0
        done
        sql behind -c 'DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)'
}
teardown_file() { stop_everything; }

# inject MOST SCENARIO...: MOST calls of each kind
inject() {
        export FAULT_MOST=$1
        shift
        BUILD=$(dirname "$LAGO_GATE")
        export BUILD FAULT_URL=postgresql://lago:changeme@127.0.0.1:$PORT FAULT_MANIFEST=$RUN/v1.50.0.manifest
        run "$TOP/tests/fault/inject" ${SOAK:+--whole} "$@"
        echo "$output"
        [ "$status" = 0 ]
}

@test "lago-generator writes all or nothing" { inject 12 generator; }

@test "lago-setup makes one set of keys, and refuses nothing that passes" { inject 12 setup-check setup-again && inject 3 setup-first; }

@test "lago-gate: never a wrong verdict, never half a manifest" { inject 6 gate-manifest gate-check; }

@test "lago-relay loses no line" { inject 10 relay; }

@test "lagoctl shows all or says that it did not" { inject 8 ctl-check ctl-status; }

@test "lago-supervisor reap and resume" { inject 4 reap; }
