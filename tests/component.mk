# SPDX-License-Identifier: MIT
# lago-gate-clickhouse against a stand-in, and lago-gate against a real PostgreSQL of its own, in a directory of its own, on sockets and ports of its own.
# lago-supervisor between stand-ins for podman, lago-gate and the journal, in namespaces of its own.
# All of them while one call of the C library after the other fails: tests/fault.

COMPONENT_DEPS := postgresql postgresql-15-partman pgbouncer openssl perl libio-socket-ssl-perl procps iproute2 busybox-static musl-tools jq \
                  debootstrap bats

.PHONY: component-tests
component-tests: $(BUILD)/lago-gate $(BUILD)/lago-gate-clickhouse $(BUILD)/component/test-supervisor
	$(BUILD)/component/test-supervisor
	LAGO_GATE=$(abspath $(BUILD))/lago-gate bats --formatter tap tests/component

$(BUILD)/component/test-%: tests/component/supervisor/test-%.c $(BUILD)/base.a Makefile | $(BUILD)/lago-supervisor $(BUILD)/lago-relay $(BUILD)/fault/fault.so
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_) $(CFLAGS) -Itests/unit -Itests -MMD -MP $(LDFLAGS_) $(LDFLAGS) -o $@ $< $(BUILD)/base.a $(call pkg_libs,libsystemd cmocka)

# Preloaded into what is not sanitized.
$(BUILD)/fault/fault.so: tests/fault/fault.c tests/fault/fault.h Makefile
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIE -fsanitize=% -fno-sanitize-recover=all,$(CFLAGS_)) $(CFLAGS) -fPIC -shared -o $@ $<

-include $(wildcard $(BUILD)/component/*.d)

unit-tests: $(BUILD)/component/test-supervisor
