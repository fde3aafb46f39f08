# SPDX-License-Identifier: GPL-2.0-only
# For people. The kernel's build system reads Kbuild instead.

KDIR ?= /lib/modules/$(shell uname -r)/build

# As uname -r has it. Debian's headers have another in include/config.
release = $$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)

# modinfo shows it.
version := $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' common/main.c)

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	depmod -b '$(INSTALL_MOD_PATH)/' $(release)

load: modules
	scripts/scull_load

unload:
	scripts/scull_unload

# The ioctl programs, for this machine
programs:
	$(MAKE) -C tests programs

demo check lint bench deb:
	scripts/$@

# For editors: what each file of the modules is compiled with, as bear(1) sees it
compile_commands.json:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	bear --output $@ -- $(MAKE) -C $(KDIR) M=$(CURDIR) modules

# What DKMS builds from, in DESTDIR
source = $(DESTDIR)/usr/src/scull-$(version)
dkms-source:
	install -d $(source)
	cp --parents Kbuild common/*.[ch] common/*.kbuild scull?/Kbuild \
		$(filter-out %.mod.c,$(wildcard scull?/*.[ch])) $(source)
	sed 's/#MODULE_VERSION#/$(version)/' dkms.conf >$(source)/dkms.conf

# Built for the running kernel, and for each that comes after it
dkms-install dkms-remove:
	KDIR='$(KDIR)' scripts/dkms $(@:dkms-%=%)

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	$(MAKE) -C tests clean

.PHONY: modules install load unload programs demo check lint bench deb clean \
	compile_commands.json dkms-source dkms-install dkms-remove
