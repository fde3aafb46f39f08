#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# make dkms-install and dkms-remove, as TAP, with DKMS 3.0.10 of Debian 12 and with the
# DKMS of the newest release in tests/kernels.tsv. Temporary directories replace /usr/src,
# /var/lib/dkms and /lib/modules, so no module is installed here, and no VM is needed.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin dkms
need make gcc libc.a depmod openssl fakeroot
kernel=${KERNEL:-debian-6.1}
tests/harness/kernels fetch "$kernel" 2>"$log.build" || failed 'there is a kernel'
dir=$(tests/harness/kernels path "$kernel")
release=$(cat "$dir/release")
export PATH="$dir/tools/usr/bin:$PATH:/usr/sbin:/sbin"
# DKMS must not sign with this machine's key.
export sign_file=none
# DKMS insists on root, even with directories of a user.
as_root=fakeroot
[ "$(id -u)" != 0 ] || as_root=

# dkms_of KERNEL - unpack the dkms of its suite; it is a script.
dkms_of()
{
	kernel_row "$1"
	# This makes an apt state for the suite.
	tests/harness/kernels tree "$name" kmod >/dev/null
	mkdir -p "$cache/dkms/$suite"
	cd "$cache/dkms/$suite"
	mkdir -p new
	# Without a network, use the last one downloaded.
	(cd new && APT_CONFIG=$cache/apt/$suite-amd64/apt.conf apt-get -q download dkms &&
		mv ./*.deb ../dkms.deb) || :
	dpkg-deb -x dkms.deb "$tmp/$suite"
	cd "$top"
	script=$tmp/$suite/usr/sbin/dkms
}

# dkms COMMAND... - run the DKMS under test, with its own directories
# shellcheck disable=SC2086 # lists of words
dkms()
{
	$as_root $dkms "$@"
}

# make_dkms TARGET [WORD...] - run make in the copy of the tree, with the DKMS under test
make_dkms()
{
	$as_root make -C "$tmp/tree" DESTDIR="$own" DKMS="$dkms" KDIR="$dir/build" "$@"
}

# installed VALUE KERNEL... - are the modules installed for these kernels and no others, and
# has scullv this value of "trial"?
installed()
{
	value=$1
	shift
	dkms status
	[ "$(dkms status | sed -n 's/.*, \(.*\), .*: installed$/\1/p' | sort | xargs)" = "$*" ] ||
		return
	for k in "$@"; do
		for m in $(module_names); do
			modinfo "$own/modules/$k/updates/dkms/$m.ko"* >"$tmp/$m.info" || return
		done
		[ "$(sed -n 's/^trial: *//p' "$tmp/scullv.info")" = "$value" ] || return
	done
}

# said PATTERN COMMAND... - does the command succeed, and does its output match?
said()
{
	pattern=$1
	shift
	"$@" >"$tmp/said" 2>&1 || { cat "$tmp/said"; return 1; }
	cat "$tmp/said"
	grep -q -E "$pattern" "$tmp/said"
}

# no_headers - without headers, does dkms-install fail, name their package in one line, and
# change nothing?
no_headers()
{
	! make_dkms dkms-install KDIR="$tmp/none" >"$tmp/said" 2>&1 || return
	cat "$tmp/said"
	[ "$(grep -c -F "linux-headers-$(uname -r) (apt)" "$tmp/said")" = 1 ] && installed 2 "$release"
}

# built - print each module with the time when it was built
built()
{
	find "$own/dkms" -name '*.ko*' -printf '%p %T@\n'
}

not_again()
{
	before=$(built)
	make_dkms dkms-install
	[ "$before" ] && [ "$(built)" = "$before" ]
}

sources()
{
	ls -R "$own/usr/src"
	[ "$(ls "$own/usr/src")" = "scull-$1" ] &&
		[ ! -e "$own/usr/src/scull-$1/common/old.h" ]
}

# too_old KERNEL - make a directory with as much of the kernel's headers as DKMS needs to
# find that the kernel is too old
too_old()
{
	mkdir -p "$own/modules/$1" "$own/$1/include/generated"
	echo "#define UTS_RELEASE \"$1\"" >"$own/$1/include/generated/utsrelease.h"
}

nothing_left()
{
	dkms status
	find "$own" -name '*scull*'
	[ ! "$(dkms status)" ] && [ ! "$(find "$own" -name '*scull*')" ]
}

# first KERNEL - install an older source, which has one more file, with the DKMS of the
# kernel's suite.
first()
{
	dkms_of "$1" >"$log.build" 2>&1 || failed "there is a dkms for $1"
	number=$(bash "$script" --version)
	label="$number: "
	own=$tmp/own-$number
	mkdir -p "$own/dkms" "$own/usr/src" "$own/modules/$release" "$own/modules/7.0-other"
	dkms="bash $script --dkmstree $own/dkms --sourcetree $own/usr/src"
	dkms="$dkms --installtree $own/modules --kernelsourcedir $dir/build --no-depmod"
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	tar -c --exclude-vcs --exclude-vcs-ignores --exclude=./tests . | tar -x -C "$tmp/tree"

	echo 'MODULE_INFO(trial, "1");' >>"$tmp/tree/scullv/vmalloc.c"
	touch "$tmp/tree/common/old.h"
	ok 'make dkms-install' make_dkms dkms-install
	ok 'it is installed' installed 1 "$release"
}

# newer NUMBER - make the copy of the tree a newer source, without that file
newer()
{
	sed -i "\$s/[0-9]/$1/" "$tmp/tree/scullv/vmalloc.c"
	rm -f "$tmp/tree/common/old.h"
}

# last KERNEL... - the last tests of each DKMS; modules are installed for these kernels
last()
{
	too_old 5.9.16-old
	ok 'a kernel that is too old is skipped with a note' \
		said 'skipped 5.9.16-old: scull needs Linux 5.10' \
		make_dkms dkms-install KDIR="$own/5.9.16-old"
	ok 'it is also skipped by dkms autoinstall' \
		said 'skipped 5.9.16-old: scull needs Linux 5.10' \
		dkms autoinstall -k 5.9.16-old
	ok 'the modules of other kernels stay installed' installed 2 "$@"
	ok 'make dkms-remove' make_dkms dkms-remove
	ok 'nothing is left' nothing_left
}

first debian-6.1
newer 2
ok 'make dkms-install of a newer source' make_dkms dkms-install
ok 'the newer modules are installed' installed 2 "$release"
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' common/main.c)
ok 'no file of the older source is left' sources "$version"
ok 'the same source is not built again' not_again
ok 'without headers, one line names their package' no_headers
last "$release"

first debian-7.x
newer 2
dkms install "scull/$version" -k 7.0-other >"$log.build" 2>&1 ||
	failed 'DKMS installs for another kernel'
ok 'make dkms-install of a newer source' make_dkms dkms-install
ok 'the newer modules are installed for both kernels' installed 2 "$release" 7.0-other
sed -i 's/^MODULE_VERSION.*/MODULE_VERSION("99.1");/' "$tmp/tree/common/main.c"
ok 'make dkms-install of a newer version' make_dkms dkms-install
ok 'the newer version is installed for both kernels' installed 2 "$release" 7.0-other
ok 'no source of the older version is left' sources 99.1
last "$release" 7.0-other

# Which versions does dkms.conf exclude as too old?
label="dkms.conf: "
# shellcheck disable=SC2016 # for bash
old()
{
	bash -c '. ./dkms.conf
		for k; do
			[[ $k =~ $BUILD_EXCLUSIVE_KERNEL ]] || echo "$k"
		done' bash "$@" | xargs
}
ok 'it excludes the kernels that are too old' [ "$(old 2.6.32-5 4.9.0 4.19.0-27-amd64 \
	5.0.0 5.4.0-200-generic 5.9.16 5.10.0-30-amd64 5.15.0 5.19.17 6.1.0-56-amd64 \
	6.12.1 7.3.4+deb13-amd64 10.0 20.1)" = \
	'2.6.32-5 4.9.0 4.19.0-27-amd64 5.0.0 5.4.0-200-generic 5.9.16' ]
echo "1..$results"
