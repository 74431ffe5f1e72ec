# SPDX-License-Identifier: MIT
# make fuzz SECONDS=60   fuzz each parser for so long; what is found stays in build/fuzz-NAME

SECONDS   ?= 60

FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz-*.c))

# The rooms of the ASan build by clang are made with what the fuzzers need too.
FUZZ_MAKE = $(MAKE) --no-print-directory BUILD=build/asan-clang CC=clang SANITIZE=address,undefined,fuzzer-no-link

# Two programs' own rooms have functions of one name.
FUZZ_ROOMS = $(ROOMS)
$(BUILD)/fuzz/fuzz-gate: FUZZ_ROOMS = $(lago-gate_ROOMS)

$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h $(foreach r,$(ROOMS),$(BUILD)/$(r).a) Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_) $(CFLAGS) -fsanitize=fuzzer -Itests/fuzz $(LDFLAGS_) $(LDFLAGS) -o $@ $< \
	        -Wl,--start-group $(FUZZ_ROOMS:%=$(BUILD)/%.a) -Wl,--end-group $(call pkg_libs,$(filter-out cmocka,$(PACKAGES)))

# These have a program's own file in them.
$(BUILD)/fuzz/fuzz-generator: src/units/generator-main.c
$(BUILD)/fuzz/fuzz-arguments: src/gate/arguments.c
$(BUILD)/fuzz/fuzz-gate: src/gate/main.c tests/fuzz/server.h

# What takes time, asks others, or cannot be taken back has another in its place.
WRAPPED := poll nanosleep now_msec fork mallinfo2 box_filter box_close_inherited box_hide
$(BUILD)/fuzz/fuzz-gate: LDFLAGS_ += $(WRAPPED:%=-Wl,--wrap=%)

.PHONY: fuzzers fuzz-build fuzz
fuzzers: $(addprefix $(BUILD)/fuzz/,$(FUZZERS))

fuzz-build:
	@$(FUZZ_MAKE) fuzzers

fuzz: fuzz-build
	tests/fuzz/run $(SECONDS)
