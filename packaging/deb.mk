# SPDX-License-Identifier: MIT
# make deb      build/lago-supervisor_VERSION_ARCH.deb, for this machine and its user to install
# make rpm      build/lago-supervisor-VERSION-1.ARCH.rpm, where rpmbuild is installed

DEB_DEPS := build-essential fakeroot debhelper pkg-config libinih-dev libpq-dev libssl-dev libsystemd-dev
RPM_DEPS := rpm

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
	rm -f $(BUILD)/*.deb
	cp $(BUILD)/package/*.deb $(BUILD)/
