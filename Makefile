# SPDX-License-Identifier: GPL-2.0-only
# For users. The kernel's build system reads Kbuild instead.

running := $(shell uname -r)
KDIR ?= /lib/modules/$(running)/build

# The release as in uname -r. Debian's headers have another one in include/config.
utsrelease = $(KDIR)/include/generated/utsrelease.h
release = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(utsrelease) 2>/dev/null),$(running))
oldest := $(shell sed -n 's/^oldest := //p' Kbuild)

# modinfo shows it.
version := $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' common/main.c)

# A user's PATH has no sbin, where depmod is.
export PATH := $(PATH):/usr/sbin:/sbin

## make                build the modules for the running kernel; KDIR=HEADERS for another
modules: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

## make load           build the modules, load them and make their nodes; uses sudo only to load
load: root modules
	$(sudo) scripts/scull_load

## make unload         unload the modules
unload: root
	$(sudo) scripts/scull_unload

## make install        build the modules and install them in /lib/modules, for modprobe; as root
install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(unsigned) modules_install
	depmod -b '$(INSTALL_MOD_PATH)/' $(release)
	@$(if $(INSTALL_MOD_PATH)$(filter $(running),$(release)),:,\
		echo 'installed for $(release); the running kernel is $(running)')

## make uninstall      undo make install
uninstall:
	$(if $(default)$(wildcard $(utsrelease)),,$(error $(none-there)))
	cd '$(INSTALL_MOD_PATH)/lib/modules/$(release)' && rm -rf $(installed)
	depmod -b '$(INSTALL_MOD_PATH)/' $(release)

# The directory depends on the kernel's version.
installed = $(foreach dir,$(or $(INSTALL_MOD_DIR),extra updates),$(addprefix $(dir)/,$(directories)))
directories := $(shell sed -n 's/^obj-m := //p' Kbuild)

# Distributions configure signing, but keep the key.
unsigned = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

# One line of error where kbuild would print many, or build modules that cannot be loaded
headers:
	$(call one-word,$(CURDIR))$(call one-word,$(KDIR))
	$(if $(wildcard $(utsrelease)),,$(error $(if $(default),$(none),$(none-there))))
	$(if $(filter-out $(wanted),$(release)),$(error $(others)))
	$(if $(filter-out $(oldest),$(first)),$(error $(too-old)))

one-word = $(if $(strip $(foreach c,$(special),$(findstring $c,$1)))$(word 2,_$1_),$(error $(spaced)))
open := (
special := : ' " ` $$ & | ; < > \# $(open) )
first = $(firstword $(shell printf '%s\n' $(oldest) $(release) | sort -V))

spaced = '$1' has a character that kbuild cannot handle, \
	a space or one of $(special): move it elsewhere
none = no headers of the running kernel in $(KDIR): $(get-headers)
none-there = there are no headers of a built kernel in KDIR=$(KDIR)
others = $(KDIR) has the headers of $(release), and the running kernel is $(running): \
	$(if $(default),$(get-headers),leave KDIR= out, or boot $(release))
too-old = scull needs Linux $(oldest) or newer, and $(KDIR) has the headers of $(release)

# KDIR=HEADERS may be of another kernel, but not for `make load`.
default = $(filter file,$(origin KDIR))
wanted = $(if $(default),$(running),$(release))
load: wanted = $(running)

# For the package manager of this machine
with = $(if $(shell command -v $1 2>/dev/null),$2)
flavour = $(lastword $(subst -, ,$(running)))
get-headers = $(or \
	$(call with,apt-get,apt install linux-headers-$(running)),\
	$(call with,dnf,dnf install kernel-devel-$(running)),\
	$(call with,pacman,pacman -S linux$(addprefix -,$(filter lts zen hardened,$(flavour)))-headers),\
	$(call with,zypper,zypper install kernel-$(flavour)-devel),\
	$(call with,apk,apk add linux-$(flavour)-dev),\
	install them or name others with KDIR=HEADERS)

sudo = $(and $(filter-out 0,$(shell id -u)),$(shell command -v sudo 2>/dev/null))
root:
	$(if $(sudo)$(filter 0,$(shell id -u)),,$(error $(no-sudo)))

no-sudo = modules are loaded and unloaded by root, and there is no sudo: make $(MAKECMDGOALS) as root

## make programs       the book's ioctl programs, in tests/build
programs:
	$(MAKE) -C tests programs

## make demo           the book's session in a VM
## make check          the tests that every change has to pass; make lint, make bench, make deb: see scripts/
demo check lint bench deb:
	scripts/$@

## make compile_commands.json   for editors: the compiler command of each file, by bear(1)
compile_commands.json: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	bear --output $@ -- $(MAKE) -C $(KDIR) M=$(CURDIR) modules

# The sources for DKMS, in DESTDIR
source = $(DESTDIR)/usr/src/scull-$(version)
dkms-source:
	install -d $(source)
	cp --parents Kbuild common/*.[ch] common/*.kbuild scull?/Kbuild \
		$(filter-out %.mod.c,$(wildcard scull?/*.[ch])) $(source)
	sed 's/#MODULE_VERSION#/$(version)/' dkms.conf >$(source)/dkms.conf

## make dkms-install   build and install the modules with DKMS, for the running kernel and later ones
## make dkms-remove    undo make dkms-install
dkms-install dkms-remove:
	KDIR='$(KDIR)' scripts/dkms $(@:dkms-%=%)

## make clean          remove all built files
clean:
	$(call one-word,$(CURDIR))$(call one-word,$(KDIR))
	$(if $(wildcard $(utsrelease)),$(MAKE) -C $(KDIR) M=$(CURDIR) clean,\
		find common $(directories) lessons tests $(foreach name,$(built),-name '$(name)' -delete -o) -false; \
		rm -f Module.symvers modules.order .Module.symvers.cmd .modules.order.cmd)
	$(MAKE) -C tests clean

# What kbuild leaves in a directory, for a clean without headers
built = *.o *.ko *.mod *.mod.c *.a .*.cmd

## make help           print this list
help:
	@sed -n 's/^## //p' Makefile

.PHONY: modules load unload install uninstall headers root programs demo check lint bench deb \
	compile_commands.json dkms-source dkms-install dkms-remove clean help
