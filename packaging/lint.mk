# SPDX-License-Identifier: MIT
# make lint     scripts, manual pages, catalogue, units, packages, and documentation that could drift from the programs
# make shape    the figures of the source: functions, comments, circles
# make format   white space of the C; make check-format, which lint runs, tells without changing

LINT_DEPS := perl shellcheck mandoc systemd clang-format jq lintian rpmlint

# Every file that begins as a shell script does, wherever it lies.
shell_files = $(shell grep -rlE --exclude-dir=.git --exclude-dir=$(BUILD) --exclude-dir=.cache \
                --exclude='*.md' -m 1 '^\#!/(usr/)?bin/(env )?(ba|da)?sh' . | sort | \
                xargs awk 'FNR == 1 && /^\#!/ { print FILENAME } { nextfile }' | xargs grep -L '^\#!.*bats')

.PHONY: lint
lint: check-units check-keys check-manuals check-options check-catalog check-security check-documents check-troubleshooting check-cases check-hardening \
      check-mutants check-format check-shape shellcheck check-deb check-rpm

.PHONY: check-keys check-manuals check-options check-catalog check-security check-documents check-troubleshooting \
        check-cases check-hardening check-mutants check-format check-shape shellcheck check-deb check-rpm
check-keys: $(BUILD)/render-units
	@packaging/check-keys $(abspath $(BUILD)/render-units)

check-options: all
	@set -e; for program in $(BUILT); do packaging/check-options $(abspath $(BUILD))/$$program; done

check-hardening: all
	@packaging/check-hardening $(addprefix $(BUILD)/,$(BUILT))

check-manuals:
	@packaging/check-manuals

check-catalog:
	@packaging/check-catalog

check-documents: all
	@packaging/check-documents

check-troubleshooting:
	@packaging/check-troubleshooting

check-cases:
	@packaging/check-cases

check-mutants:
	@tests/drill/mutants --check

check-security:
	@packaging/check-threats packaging/doc/security.md
	@packaging/check-security

.PHONY: shape
shape:
	@packaging/shape

check-shape:
	@packaging/shape --check

# It does not like to run as root, which CI does; its experimental tags it is not sure of itself.
check-deb: $(BUILD)/deb.stamp
	@lintian --allow-root --pedantic --fail-on error,warning,info,pedantic $(BUILD)/*.changes

check-rpm: $(BUILD)/rpm.stamp
	@rpmlint --strict -c packaging/rpm/rpmlint.toml $(BUILD)/*.rpm packaging/rpm/*.spec >$(BUILD)/rpmlint.log 2>&1 || \
		{ cat $(BUILD)/rpmlint.log >&2; exit 1; }

shellcheck:
	@shellcheck $(shell_files)

# What one version of clang-format leaves alone the next one moves: Debian 12's decides.
c_files = $(shell find src tests -name '*.[ch]' | sort)

.PHONY: format check-format
format:
	@clang-format -i $(c_files)

check-format:
	@case $$(clang-format --version) in \
	*'version 14.'*) clang-format --dry-run --Werror $(c_files) ;; \
	*) echo "check-format: not clang-format 14, which decides" >&2 ;; \
	esac
