# SPDX-License-Identifier: GPL-2.0-only
# For people. The kernel's build system reads Kbuild instead.

KDIR ?= /lib/modules/$(shell uname -r)/build

# Of the directory that this file is in, so that `make -C` works from anywhere.
TREE := $(CURDIR)

modules:
	$(MAKE) -C $(KDIR) M=$(TREE) modules

install:
	$(MAKE) -C $(KDIR) M=$(TREE) modules_install
	depmod -b '$(INSTALL_MOD_PATH)/' $(if $(KERNELRELEASE),$(KERNELRELEASE),$(shell $(MAKE) -s -C $(KDIR) kernelrelease))

load: modules
	scripts/scull_load

unload:
	scripts/scull_unload

# The ioctl programs, for this machine
programs:
	$(MAKE) -C tests programs

demo check lint:
	scripts/$@

clean:
	$(MAKE) -C $(KDIR) M=$(TREE) clean
	$(MAKE) -C tests clean

.PHONY: modules install load unload programs demo check lint clean
