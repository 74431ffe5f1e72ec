# SPDX-License-Identifier: MIT
# make check   all tests           make quick   those that need no guest      make host    those in guests
# make asan    unit tests under ASan and UBSan, with gcc and clang
# make coverage   lines that unit and component tests execute, by room; ROOM=process: by its files
# make soak N=20   the long form: N clean starts, a migration of three minutes
# make vm      power cuts, memory, disks, clock and more on a Debian with a kernel of its own (QEMU; long without KVM);
#              VM_CASES=REGEX chooses, VM_CUTS=N cuts of each kind, VM_FAULTS=N of the drill; make soak runs it, too
# make mutants MUTANTS="NAME..." FAULTS=200   products broken in a line each, which the fault drill has to find (hours)
# make bench      what it costs, measured beside its peers in a guest: the figures of README
# make demo    a clean start of the whole stack in a throwaway guest, to watch

GUESTS    ?= bookworm trixie
N         ?= 20
VM_CUTS   ?= 1
VM_FAULTS ?= 8
VM_CASES  ?=
BENCH_N   ?= 5
TEST_DEPS := bats dpkg-dev dnf

.PHONY: deps
deps:
	tests/deps $(sort $(DEPS) $(DEB_DEPS) $(RPM_DEPS) $(LINT_DEPS) $(COMPONENT_DEPS) $(TEST_DEPS))
	tests/guest/guest deps

.PHONY: quick
quick: deps
	@$(MAKE) --no-print-directory all unit-tests
	tests/run quick

.PHONY: check
check: deps
	@$(MAKE) --no-print-directory all unit-tests deb
	GUESTS="$(GUESTS)" tests/run all

.PHONY: host
host: deps
	@$(MAKE) --no-print-directory deb
	GUESTS="$(GUESTS)" tests/run host

.PHONY: soak
soak: deps
	@$(MAKE) --no-print-directory all unit-tests deb
	tests/vm/vm deps
	GUESTS="$(GUESTS)" SOAK=$(N) VM_CUTS=5 VM_FAULTS=50 tests/run soak

.PHONY: vm
vm: deps
	@$(MAKE) --no-print-directory deb
	tests/vm/vm deps
	GUESTS="$(GUESTS)" VM_CUTS=$(VM_CUTS) VM_FAULTS=$(VM_FAULTS) VM_CASES="$(VM_CASES)" tests/run vm

.PHONY: mutants
mutants: deps
	@$(MAKE) --no-print-directory all deb
	tests/drill/mutants $(MUTANTS)

.PHONY: bench
bench: deps
	@$(MAKE) --no-print-directory deb
	@N=$(BENCH_N) tests/bench/run | tee $(BUILD)/bench.md

.PHONY: demo
demo: deps
	@$(MAKE) --no-print-directory deb
	tests/demo

# Into a folder of its own for each compiler, as objects of different flags do not mix.
.PHONY: asan
asan:
	@$(MAKE) --no-print-directory BUILD=build/asan-gcc CC=gcc SANITIZE=address,undefined all unit-tests
	@$(MAKE) --no-print-directory BUILD=build/asan-clang CC=clang SANITIZE=address,undefined,fuzzer-no-link all unit-tests

# Not optimised, so that each line is its own. With all functions in each program: one that lacks some, as nobody calls them
# there, forgets on its exit what others have counted of them.
.PHONY: coverage
coverage:
	@$(MAKE) --no-print-directory BUILD=build/coverage CC=gcc CFLAGS='-O0 -g --coverage -U_FORTIFY_SOURCE' \
		LDFLAGS='-Wl,--no-gc-sections' all unit-tests >/dev/null
	@tests/coverage build/coverage $(ROOM)

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@grep -h '^# make ' Makefile packaging/*.mk tests/*.mk
