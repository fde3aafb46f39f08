#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/demo and scripts/check with a kernel of the user, as TAP: on a machine without
# apt and dpkg, and on machines that lack tools.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
# This machine has the compiler of its own release's kernel.
kernel_row host
kernel=$name
begin user-kernel
build "$kernel" suite
prepared
need busybox
another=debian-6.1
[ "$kernel" != $another ] || another=debian-6.12
tests/harness/kernels fetch $another
own=$(tests/harness/kernels path "$kernel")
other=$(tests/harness/kernels path $another)

# commands NAME... - fill $tmp/bin with all commands of this machine, except these and
# those of apt and dpkg.
commands()
{
	rm -rf "${tmp:?}/bin"
	mkdir "$tmp/bin"
	for directory in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
		[ ! -d $directory ] || find $directory/ -mindepth 1 -maxdepth 1 \
			-exec ln -s -f -t "$tmp/bin" {} +
	done
	for name in 'apt*' 'dpkg*' "$@"; do
		find "$tmp/bin" -name "$name" -delete
	done
}

# without COMMAND... - run it with only $tmp/bin in PATH, and an empty cache.
without()
{
	env PATH="$tmp/bin" XDG_CACHE_HOME="$tmp/cache" "$@" </dev/null \
		>"$tmp/said" 2>&1
}

# says DESCRIPTION STATUS TEXT - a test: did the last command end with STATUS, and print the
# line TEXT?
says()
{
	good=0
	[ "$status" = "$2" ] && grep -q -x -e "$3" "$tmp/said" || good=1
	result $good "$1"
	[ $good = 0 ] || details "$tmp/said"
}

# ends COMMAND... - run it, and set $status to its exit status.
ends()
{
	status=0
	"$@" || status=$?
}

commands
ends without scripts/demo --image "$own/vmlinuz" --build "$own/build"
says 'the demo without apt and dpkg' 0 'Device 0: qset 4, q 10, sz 2070'
ends without scripts/check --image "$own/vmlinuz" --build "$own/build"
says 'the suite without apt and dpkg' 0 'Result: PASS'
row=$(tail -n 1 "$tmp/said")
columns=$(sed -n '/^## Kernels/,/^## /s/^| kernel |.*/&/p' docs/results.md | tr -cd '|')
[ "$(echo "$row" | tr -cd '|')" = "$columns" ] && good=0 || good=1
result $good 'the last line is a row for the table in docs/results.md'
[ $good = 0 ] || echo "$row" | details

ends without scripts/demo
says 'without apt, a host is told how to build the container' \
	1 "podman build -t scull '$top'"
says 'the host is also told how to run the container' 1 'podman run -it --rm scull'

# missing MANAGER COMMAND - test that COMMAND is shown on a host with this package manager
# and without cpio and QEMU.
missing()
{
	commands cpio qemu-system-x86_64
	printf '#!/bin/sh\necho "%s was run" >>"%s/ran"\n' "$1" "$tmp" >"$tmp/bin/$1"
	chmod +x "$tmp/bin/$1"
	ends without scripts/demo --image "$own/vmlinuz" --build "$own/build"
	says "$1: what is missing, in its own words" 1 "$2"
}

missing apt-get 'apt-get install --no-install-recommends cpio qemu-system-x86'
missing dnf 'dnf install cpio qemu-system-x86-core'
missing pacman 'pacman -S cpio qemu-system-x86'
missing zypper 'zypper install cpio qemu-x86'
missing apk 'apk add cpio qemu-system-x86_64'
[ ! -e "$tmp/ran" ] && good=0 || good=1
result $good 'no package manager is run'

commands
ends without scripts/demo --image /nowhere --build "$own/build"
says 'an image that does not exist' 1 "kernels: --image '/nowhere': there is no such file"
ends without scripts/demo --image "$own/vmlinuz" --build "$tmp"
says 'a directory without headers' 1 "kernels: --build '$tmp': no kernel headers; .*"
ends without scripts/demo --image "$other/vmlinuz" --build "$own/build"
says 'an image of another kernel' 1 \
	"kernels: --image '.*' is $(cat "$other/release"), and --build '.*' is for $(cat "$own/release")"
ends without scripts/demo --image "$own/busybox" --build "$own/build"
says 'an image that is not a kernel' 1 "kernels: --image '.*': not a kernel image for this machine"
echo "1..$results"
