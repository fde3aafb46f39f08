#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The packages in a Debian with systemd, as TAP: installed, built for a second kernel,
# loaded on that kernel with module signatures enforced, and purged. Then the same with the
# sources.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin packages
need qemu-system-x86_64 /usr/share/OVMF/OVMF_CODE_4M.secboot.fd debugfs

scripts/deb >"$log.build" 2>&1 ||
	failed 'the packages can be built, and lintian finds nothing'
disk=$(tests/packages/image 2>"$log.build") || failed 'a Debian can be made'

# The disk is a copy for this run, and /tmp may be memory.
work=$(mktemp -d "$cache/packages.XXXXXX")
trap 'rm -rf "$tmp" "$work"' EXIT
files=$work/files
mkdir -p "$files/src" "$files/deb" "$files/pages"
cp --sparse=always "$disk/disk" "$work"
cp "$disk/vmlinuz" "$disk/initrd" "$work"
# Firmware that has no keys yet
cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/variables"
cp "$clone/deb"/scull-dkms_*.deb "$clone/deb"/scull-tools_*.deb "$files/deb"
tar -c --exclude-vcs --exclude-vcs-ignores --exclude=./tests . | tar -x -C "$files/src"
cp docs/boot/* "$files/pages"
cp README.md "$files/pages/first.md"
cp docs/run.md "$files/pages"
cp tests/packages/guest tests/harness/commands.awk debian/tests/devices "$files"
module_names >"$files/modules"
sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' common/main.c >"$files/version"
awk '$1 == "debian-6.12" { print $4 }' tests/kernels.tsv >"$files/second"

# boot SECONDS ARGUMENTS PART... - boot the disk, and run these parts of
# tests/packages/guest.
boot()
{
	seconds=$1
	arguments=$2
	shift 2
	echo "$*" >"$files/parts"
	tar -C "$files" -cf "$work/archive" .
	tests/packages/boot "$work" "$arguments" "$work/archive" "$seconds" || :
	cp "$work/console" "$log/console-$1"
}

# from_disk PATTERN FILE - copy the file in the disk's /boot that matches to FILE.
from_disk()
{
	name=$(debugfs -R 'ls -p /boot' "$work/disk" 2>/dev/null | tr / '\n' | grep "^$1") ||
		return
	debugfs -R "dump /boot/$name $2" "$work/disk" 2>/dev/null
}

{
	boot 5400 '' packages enroll
	from_disk vmlinuz-6.12 "$work/vmlinuz" || :
	from_disk initrd.img-6.12 "$work/initrd" || :
	boot 1800 module.sig_enforce=1 signed
	boot 5400 '' source
} >"$log/output"
merge_tap packages enroll signed source <"$log/output"
