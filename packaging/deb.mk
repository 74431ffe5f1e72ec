# SPDX-License-Identifier: MIT
# make deb      build/lago-supervisor_VERSION_ARCH.deb, for this machine and its user to install
# make rpm      build/lago-supervisor-VERSION-1.ARCH.rpm, where rpmbuild is installed

DEB_DEPS := build-essential fakeroot debhelper pkg-config libcurl4-openssl-dev libinih-dev libpq-dev libssl-dev libsystemd-dev
RPM_DEPS := rpm file

# What a package is built from: no tests, so that it builds where the test tools are not.
PACKAGED     := Makefile LICENSE README.md conf packaging src units
PACKAGE_TREE := $(BUILD)/package/lago-supervisor-$(VERSION)

# A copy, since Debian wants its folder at the top of the tree, and since it leaves its traces there.
# The version stands in the Makefile alone.
.PHONY: package-tree
package-tree:
	@rm -rf $(BUILD)/package
	@mkdir -p $(PACKAGE_TREE)
	@cp -a $(wildcard $(PACKAGED)) $(PACKAGE_TREE)
	@mv $(PACKAGE_TREE)/packaging/debian $(PACKAGE_TREE)/debian
	@sed -i 's/@VERSION@/$(VERSION)/' $(PACKAGE_TREE)/debian/changelog

# SOURCE_DATE_EPOCH, unless given, is the date of the changelog's newest entry: twice built, the same bytes.
.PHONY: deb
deb: package-tree
	cd $(PACKAGE_TREE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u DESTDIR -u PREFIX \
		dpkg-buildpackage -b -us -uc -j$(shell nproc)
	rm -f $(BUILD)/*.deb $(BUILD)/*.buildinfo $(BUILD)/*.changes
	cp $(BUILD)/package/*.deb $(BUILD)/package/*.buildinfo $(BUILD)/package/*.changes $(BUILD)/
	@touch $(BUILD)/deb.stamp

# The changelog's date dates the package's files; rpm is told not to put its own, nor this machine's name, into it.
RPM_EPOCH := $(shell date -d "$$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -n 1)" +%s)
RPM_TOP    = $(abspath $(BUILD))/rpm

.PHONY: rpm
rpm: package-tree
	@rm -rf $(RPM_TOP)
	@mkdir -p $(RPM_TOP)/SOURCES
	tar -C $(BUILD)/package --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$(RPM_EPOCH) \
		--exclude=debian -czf $(RPM_TOP)/SOURCES/lago-supervisor-$(VERSION).tar.gz lago-supervisor-$(VERSION)
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u DESTDIR -u PREFIX \
		SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$(RPM_EPOCH)} rpmbuild -bb $(RPM_FLAGS) \
		--define '_topdir $(RPM_TOP)' --define 'lago_version $(VERSION)' --define '_buildhost localhost' \
		--define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
		packaging/rpm/lago-supervisor.spec
	rm -f $(BUILD)/*.rpm
	cp $(RPM_TOP)/RPMS/*/*.rpm $(BUILD)/
	@touch $(BUILD)/rpm.stamp

# On Debian the packages that the build needs have other names, so rpm cannot see that they are there.
RPM_FLAGS ?= $(if $(wildcard /etc/debian_version),--nodeps --load=packaging/rpm/macros.debian)

# For whoever needs a package that is no older than its sources, and not a new one each time.
PACKAGE_SOURCES := $(shell find $(wildcard $(PACKAGED)) -type f)
$(BUILD)/deb.stamp: $(PACKAGE_SOURCES)
	@$(MAKE) --no-print-directory deb
$(BUILD)/rpm.stamp: $(PACKAGE_SOURCES)
	@$(MAKE) --no-print-directory rpm
