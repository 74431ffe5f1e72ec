# SPDX-License-Identifier: MIT
# make image    build/lago-gate-image.tar, for "docker load" or "podman load": lago-gate where Lago runs otherwise

.PHONY: image
image: $(BUILD)/lago-gate $(BUILD)/lago-gate-clickhouse
	packaging/image/build $(BUILD) $(VERSION) $${SOURCE_DATE_EPOCH:-$(RPM_EPOCH)} $(BUILD)/lago-gate-image.tar
