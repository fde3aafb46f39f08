#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/demo and scripts/check with a kernel of the user's, as TAP: on a machine
# where neither apt nor dpkg can be reached, and where something is missing.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
# One whose compiler this machine has
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

# commands NAME... - a directory $tmp/bin with all of this machine's commands but apt's
# and dpkg's, and those.
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

# without COMMAND... - run it with what is in $tmp/bin alone, and an empty cache.
without()
{
	env PATH="$tmp/bin" XDG_CACHE_HOME="$tmp/cache" "$@" </dev/null \
		>"$tmp/said" 2>&1
}

# says DESCRIPTION STATUS TEXT - what ran ended so, and said this in a line of its own.
says()
{
	good=0
	[ "$status" = "$2" ] && grep -q -x -e "$3" "$tmp/said" || good=1
	result $good "$1"
	[ $good = 0 ] || details "$tmp/said"
}

# ends COMMAND... - set $status.
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
result $good 'it ends in a row for the table in docs/results.md'
[ $good = 0 ] || echo "$row" | details

ends without scripts/demo
says 'without apt, a host is told of the container' 1 "podman build -t scull '$top'"
says 'and how to run it' 1 'podman run -it --rm scull'

# missing MANAGER COMMAND - on a host with this package manager and neither cpio nor
# QEMU, that command is shown.
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
result $good 'none of them is run'

commands
ends without scripts/demo --image /nowhere --build "$own/build"
says 'an image that is not there' 1 "kernels: --image '/nowhere': there is no such file"
ends without scripts/demo --image "$own/vmlinuz" --build "$tmp"
says 'a directory without headers' 1 "kernels: --build '$tmp': no kernel headers; .*"
ends without scripts/demo --image "$other/vmlinuz" --build "$own/build"
says 'an image of another kernel' 1 \
	"kernels: --image '.*' is $(cat "$other/release"), and --build '.*' is for $(cat "$own/release")"
ends without scripts/demo --image "$own/busybox" --build "$own/build"
says 'an image that is not a kernel' 1 "kernels: --image '.*': not a kernel image for this machine"
echo "1..$results"
