# SPDX-License-Identifier: MIT
# make            build every program            make check    all tests, guests included
# make demo       show a clean start in a guest  make quick    tests that need no guest
# make deps       apt packages for all of this   make help     the rest

VERSION  := 0.1.0
PREFIX   ?= /usr
DESTDIR  ?=
BUILD    ?= build
# What make takes for CC by itself is not what we ask for.
ifeq ($(origin CC),default)
CC := gcc
endif

# Programs systemd calls have their place whatever PREFIX is: the unit files name them.
LIBEXECDIR   := $(PREFIX)/libexec/lago
UNITDIR      := $(PREFIX)/lib/systemd/system
GENERATORDIR := $(PREFIX)/lib/systemd/system-generators

PACKAGES := libsystemd libpq inih libssl libcrypto libcurl cmocka
DEPS     := gcc clang libclang-rt-14-dev make pkg-config libsystemd-dev libpq-dev libinih-dev libssl-dev \
            libcurl4-openssl-dev libcmocka-dev ruby bats

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wstrict-prototypes \
            -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings \
            -Wundef -Wvla -Wimplicit-fallthrough
# One by one: where packages are built, cmocka is not installed.
PKG_CFLAGS := $(foreach p,$(PACKAGES),$(shell pkg-config --cflags --silence-errors $(p)))
# Not every compiler knows them, nor every machine.
supported = $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo $(1))
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE \
            $(foreach f,-fstack-clash-protection -fcf-protection -mbranch-protection=standard,$(call supported,$(f)))
CFLAGS   ?= -O2 -g
CFLAGS_  := -std=gnu11 $(WARNINGS) $(HARDEN) -fvisibility=hidden -ffunction-sections -fdata-sections \
            -D_GNU_SOURCE -DLAGO_VERSION='"$(VERSION)"' -Isrc $(PKG_CFLAGS)
LDFLAGS_ := -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed
ifneq ($(SANITIZE),)
CFLAGS_  := $(filter-out -D_FORTIFY_SOURCE=2,$(CFLAGS_)) -fsanitize=$(SANITIZE) -fno-omit-frame-pointer \
            -fno-sanitize-recover=all -DSANITIZED
LDFLAGS_ += -fsanitize=$(SANITIZE)
endif

pkg_libs   = $(if $(1),$(shell pkg-config --libs $(1)))

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

# --- rooms: every src/ROOM/*.c goes into build/ROOM.a, but for the files with a main() -----------------

MAINS := $(wildcard src/*/main.c src/*/*-main.c)
ROOMS := $(notdir $(patsubst %/,%,$(wildcard src/*/)))
define room
$(BUILD)/$(1).a: $$(patsubst src/%.c,$(BUILD)/%.o,$$(filter-out $$(MAINS),$$(wildcard src/$(1)/*.c)))
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

$(BUILD)/%.a:
	@rm -f $@
	ar rcsD $@ $^

$(BUILD)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_) $(CFLAGS) -MMD -MP -c -o $@ $<

# It stands on the kernel alone, wherever it comes to; lago-gate carries it.
LAUNCHER := $(BUILD)/install/launcher
$(LAUNCHER): src/install/launcher-main.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables \
	        -fno-pie -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack -s -o $@ $<
$(BUILD)/install/install.o: $(LAUNCHER)
$(BUILD)/install/install.o: CFLAGS_ += -DLAUNCHER='"$(LAUNCHER)"'

-include $(wildcard $(BUILD)/*/*.d)

# --- programs: their main file, and the rooms they stand on, top first ---------------------------------

PROGRAMS := lago-supervisor lago-relay lago-gate lago-gate-clickhouse lago-setup lago-generator lagoctl

lago-supervisor_MAIN  := supervisor/main
lago-supervisor_ROOMS := supervisor relay ready engine probe process stack config schema base
lago-supervisor_LIBS  := libsystemd inih
lago-relay_MAIN       := relay/main
lago-relay_ROOMS      := relay base
lago-relay_LIBS       :=
lago-gate_MAIN        := gate/main
lago-gate_ROOMS       := gate install probe config schema base
lago-gate_LIBS        := libpq libssl libcrypto
lago-gate-clickhouse_MAIN  := clickhouse/main
lago-gate-clickhouse_ROOMS := clickhouse install schema base
lago-gate-clickhouse_LIBS  := libcurl
lago-setup_MAIN       := setup/main
lago-setup_ROOMS      := setup ready engine process stack config schema base
lago-setup_LIBS       := libsystemd inih libcrypto
lago-generator_MAIN   := units/generator-main
lago-generator_ROOMS  := units stack config schema base
lago-generator_LIBS   := inih
lagoctl_MAIN          := ctl/main
lagoctl_ROOMS         := ctl export setup engine process stack config schema base
lagoctl_LIBS          := libsystemd inih libcrypto
render-units_MAIN     := units/render-main
render-units_ROOMS    := units stack config schema base
render-units_LIBS     := inih

# A program whose room is still empty is left out.
BUILT := $(foreach p,$(PROGRAMS),$(if $(wildcard src/$($(p)_MAIN).c),$(p)))

define program
$(BUILD)/$(1): $(BUILD)/$($(1)_MAIN).o $(foreach r,$($(1)_ROOMS),$(BUILD)/$(r).a)
	$$(CC) $$(CFLAGS) $$(LDFLAGS_) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) \
	        -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(call pkg_libs,$($(1)_LIBS))
endef
$(foreach p,$(PROGRAMS) render-units,$(eval $(call program,$(p))))

.PHONY: all
all: $(addprefix $(BUILD)/,$(BUILT))

# --- unit tests: tests/unit/test-X.c links every room --------------------------------------------------

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test-*.c))

$(BUILD)/unit/test-%: tests/unit/test-%.c $(foreach r,$(ROOMS),$(BUILD)/$(r).a) Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_) $(CFLAGS) -Itests/unit -MMD -MP $(LDFLAGS_) $(LDFLAGS) -o $@ $< \
	        -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call pkg_libs,$(PACKAGES))

-include $(wildcard $(BUILD)/unit/*.d)

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)

include $(wildcard tests/*.mk packaging/*.mk)
