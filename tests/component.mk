# SPDX-License-Identifier: MIT
# lago-gate against a real PostgreSQL of its own, in a directory of its own, on sockets and ports of its own.

COMPONENT_DEPS := postgresql postgresql-15-partman pgbouncer openssl perl procps bats

.PHONY: component-tests
component-tests: $(BUILD)/lago-gate
	LAGO_GATE=$(abspath $(BUILD))/lago-gate bats --formatter tap tests/component
