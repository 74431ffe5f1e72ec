# SPDX-License-Identifier: MIT
# lago-gate-clickhouse against a stand-in, and lago-gate against a real PostgreSQL of its own, in a directory of its own, on sockets and ports of its own.

COMPONENT_DEPS := postgresql postgresql-15-partman pgbouncer openssl perl libio-socket-ssl-perl procps bats

.PHONY: component-tests
component-tests: $(BUILD)/lago-gate $(BUILD)/lago-gate-clickhouse
	LAGO_GATE=$(abspath $(BUILD))/lago-gate bats --formatter tap tests/component
