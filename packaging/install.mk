# SPDX-License-Identifier: MIT
# make units    write the unit files from the catalogue of members    make check-units    they are what is checked in
# make install  everything into $(DESTDIR); nothing else of the system is touched: packages call just this

SYSUSERSDIR := $(PREFIX)/lib/sysusers.d
TMPFILESDIR := $(PREFIX)/lib/tmpfiles.d
PRESETDIR   := $(PREFIX)/lib/systemd/system-preset
CATALOGDIR  := $(PREFIX)/lib/systemd/catalog
SHAREDIR    := $(PREFIX)/share/lago
DOCDIR      := $(PREFIX)/share/doc/lago-supervisor
MANDIR      := $(PREFIX)/share/man
BASHDIR     := $(PREFIX)/share/bash-completion/completions
ZSHDIR      := $(PREFIX)/share/zsh/vendor-completions

UNITS       := $(wildcard units/*.service units/*.target units/*.slice)
MANUALS     := $(wildcard packaging/man/*.[1-8])
DOCUMENTS   := $(wildcard packaging/doc/*.md)
EXAMPLES    := $(wildcard packaging/doc/examples/*)
COMPLETIONS := $(notdir $(wildcard packaging/completions/bash/*))

.PHONY: units
units: $(BUILD)/render-units
	$(BUILD)/render-units units

# systemd-analyze wants the programs that the units name to exist: it looks at a tree where they are installed.
.PHONY: check-units
check-units: $(BUILD)/render-units
	@rm -rf $(BUILD)/check-units
	@mkdir -p $(BUILD)/check-units
	@$(BUILD)/render-units $(BUILD)/check-units
	@diff -ru units $(BUILD)/check-units || { echo 'units/ is not what "make units" writes' >&2; exit 1; }
	@if command -v systemd-analyze >/dev/null; then packaging/verify-units units; \
	else echo 'check-units: no systemd-analyze here, units not verified' >&2; fi

install_file = install -D -m $(1) $(2) "$(DESTDIR)$(3)"

# $(1) program, $(2) its folder
install_program = $(if $(filter $(1),$(BUILT)),$(call install_file,755,$(BUILD)/$(1),$(2)/$(1)))

.PHONY: install
install: all
	$(call install_program,lago-supervisor,$(LIBEXECDIR))
	$(call install_program,lago-relay,$(LIBEXECDIR))
	$(call install_program,lago-setup,$(LIBEXECDIR))
	$(call install_program,lago-gate,$(PREFIX)/bin)
	$(call install_program,lago-gate-clickhouse,$(LIBEXECDIR))
	$(call install_program,lagoctl,$(PREFIX)/bin)
	$(call install_program,lago-generator,$(GENERATORDIR))
	install -d -m 755 "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(SHAREDIR)" "$(DESTDIR)/etc/lago"
	install -m 644 $(UNITS) "$(DESTDIR)$(UNITDIR)"
	$(call install_file,644,conf/sysusers,$(SYSUSERSDIR)/lago.conf)
	$(call install_file,644,conf/tmpfiles,$(TMPFILESDIR)/lago.conf)
	$(call install_file,644,conf/preset,$(PRESETDIR)/80-lago.preset)
	$(call install_file,644,conf/lago.catalog,$(CATALOGDIR)/lago.catalog)
	$(call install_file,644,conf/needrestart,/etc/needrestart/conf.d/lago.conf)
	install -m 644 conf/lago.conf conf/lago.env "$(DESTDIR)$(SHAREDIR)"
	@# Its name is that of the module.
	$(call install_file,644,conf/lago.cil,$(SHAREDIR)/selinux/lago.cil)
	install -d -m 755 "$(DESTDIR)$(DOCDIR)/examples"
	install -m 644 README.md $(DOCUMENTS) "$(DESTDIR)$(DOCDIR)"
	@# There the pages lie beside it.
	@sed -i 's|](packaging/doc/|](|g' "$(DESTDIR)$(DOCDIR)/README.md"
	install -m 644 $(EXAMPLES) "$(DESTDIR)$(DOCDIR)/examples"
	$(call install_file,644,conf/first-install,$(SHAREDIR)/first-install.conf)
	@set -e; for page in $(MANUALS); do \
		install -D -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; done
	@set -e; for name in $(COMPLETIONS); do \
		install -D -m 644 packaging/completions/bash/$$name "$(DESTDIR)$(BASHDIR)/$$name"; \
		install -D -m 644 packaging/completions/zsh/_$$name "$(DESTDIR)$(ZSHDIR)/_$$name"; done
