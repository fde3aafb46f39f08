# SPDX-License-Identifier: GPL-2.0-only
# For people. The kernel's build system reads Kbuild instead.

KDIR ?= /lib/modules/$(shell uname -r)/build

# As uname -r has it. Debian's headers have another in include/config.
release = $$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)

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

demo check lint bench:
	scripts/$@

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	$(MAKE) -C tests clean

.PHONY: modules install load unload programs demo check lint bench clean
