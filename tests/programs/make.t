#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The targets of the top Makefile, as TAP, in a copy of the tree: what they do, and the one
# line that they print if something is wrong. No module is loaded: scull_load and
# scull_unload of the copy only note the call, and sudo notes it and runs its command.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin make
need make gcc libc.a depmod
tests/harness/kernels fetch host
kernel=$(tests/harness/kernels path host)

# ok DESCRIPTION COMMAND... - a test: does the command succeed? If not, print make's output.
ok()
{
	description=$1
	shift
	status=0
	"$@" || status=1
	result $status "$description"
	[ $status = 0 ] || tail -q -n 40 "$tmp/said" "$tmp/done" | details
}

# fake NAME COMMANDS - make a program of that name, which is found first in PATH
fake()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1"
	chmod 755 "$tmp/bin/$1"
}

# headers RELEASE - set $headers to a directory of headers for that release, which build
# nothing.
headers()
{
	headers=$tmp/headers/$1
	mkdir -p "$headers/include/generated"
	echo "#define UTS_RELEASE \"$1\"" >"$headers/include/generated/utsrelease.h"
	printf 'modules modules_install:\n\t@echo $@ >>%s\n' "$tmp/done" >"$headers/Makefile"
}

# run ARGUMENT... - run make in $tree, with $path, as $user
run()
{
	: >"$tmp/done"
	# shellcheck disable=SC2086 # a list of words
	env -u KDIR -u MAKEFLAGS -u MAKELEVEL PATH="$path" $user \
		make -C "$tree" --no-print-directory "$@" >"$tmp/said" 2>&1 </dev/null
}

# says LINE ARGUMENT... - does make fail, do nothing, and print LINE alone?
says()
{
	line=$1
	shift
	! run "$@" && [ ! -s "$tmp/done" ] &&
		[ "$(sed 's/^Makefile:[0-9]*: \*\*\* //' "$tmp/said")" = "$line.  Stop." ]
}

# does WORDS ARGUMENT... - does make succeed, and did the programs note WORDS?
does()
{
	words=$1
	shift
	run "$@" && [ "$(xargs <"$tmp/done")" = "$words" ]
}

# nothing_of_it - are our modules gone, except the one that DKMS has built?
nothing_of_it()
{
	left=$(cd "$installed" && find . -name 'scull*')
	[ "$left" = ./updates/dkms/scullc.ko ] &&
		[ "$(grep -c scull "$installed/modules.dep")" = 1 ]
}

tree=$tmp/tree
mkdir "$tree" "$tmp/bin" "$tmp/tools"
tar -c --exclude-vcs --exclude-vcs-ignores . | tar -x -C "$tree"
for program in make sed sort env; do
	ln -s "$(command -v $program)" "$tmp/tools"
done
# echo is a builtin, so command -v prints no path.
ln -s /bin/echo "$tmp/tools"

# Run as an ordinary user, without sbin in PATH. In $plain there is no sudo either.
user=
if [ "$(id -u)" = 0 ]; then
	user="$(command -v setpriv) --reuid=65534 --regid=65534 --clear-groups"
	: >"$tmp/done"
	chmod 755 "$tmp"
	chown -R 65534 "$tree" "$tmp/done"
fi
plain=$tmp/bin:$tmp/tools
path=$plain
running=6.99.9-0-lts
fake uname "[ \"\$*\" = -r ] && echo $running || exec $(command -v uname) \"\$@\""
fake id 'echo 1000'
fake depmod "echo depmod >>$tmp/done"
for program in scull_load scull_unload; do
	printf '#!/bin/sh\necho %s >>%s\n' $program "$tmp/done" >"$tree/scripts/$program"
done

ok 'make help' run help
for target in load unload install uninstall clean demo check; do
	ok "it tells of make $target" grep -q "^make $target  *[a-z]" "$tmp/said"
done

unbuildable='has a character that kbuild cannot handle, a space or one of'
unbuildable="$unbuildable : ' \" \` \$ & | ; < > # ( ): move it elsewhere"
# shellcheck disable=SC2016 # names with these characters
for name in 'a b' a:b "it's" 'a$b' 'a(1)'; do
	tree=$tmp/$name
	cp -r "$tmp/tree" "$tree"
	ok "a tree in '$name'" says \
		"'$tree' $unbuildable"
	tree=$tmp/tree
	ok "headers in '$name'" says \
		"'$tmp/$name' $unbuildable" KDIR="$(echo "$tmp/$name" | sed 's/\$/$$/g')"
done

# missing MANAGER WORDS - test what make prints without headers, with this package manager
missing()
{
	fake "$1" :
	ok "no headers, with $1" says \
		"no headers of the running kernel in /lib/modules/$running/build: $2"
	rm "$tmp/bin/$1"
}
missing apt-get "apt install linux-headers-$running"
missing dnf "dnf install kernel-devel-$running"
missing pacman 'pacman -S linux-lts-headers'
missing zypper 'zypper install kernel-lts-devel'
missing apk 'apk add linux-lts-dev'
missing no-manager 'install them or name others with KDIR=HEADERS'
ok 'no headers where KDIR says' says \
	"there are no headers of a built kernel in KDIR=$tmp/bin" KDIR="$tmp/bin"

headers 5.9.16-1
ok 'a kernel that is too old' says \
	"scull needs Linux 5.10 or newer, and $headers has the headers of 5.9.16-1" KDIR="$headers"
headers 5.10.0-46
ok 'the oldest supported kernel' does modules KDIR="$headers"
ok 'building for another kernel prints no message' [ "$(wc -l <"$tmp/said")" = 1 ]
fake id 'echo 0'
ok 'loading modules for another kernel is an error' says \
	"$headers has the headers of 5.10.0-46, and the running kernel is $running: leave KDIR= out, or boot 5.10.0-46" \
	load KDIR="$headers"
fake id 'echo 1000'
# --eval acts as if the default of KDIR were there.
ok 'headers of another kernel where those of the running one should be' says \
	"$headers has the headers of 5.10.0-46, and the running kernel is $running: install them or name others with KDIR=HEADERS" \
	--eval="KDIR = $headers"
ok 'make install for another kernel' does 'modules modules_install depmod' install KDIR="$headers"
ok 'make install for another kernel prints a note' \
	grep -q -x "installed for 5.10.0-46; the running kernel is $running" "$tmp/said"

headers $running
ok 'make install for the running one' does 'modules modules_install depmod' install KDIR="$headers"
ok 'make install for the running one prints no note' \
	[ "$(grep -c installed "$tmp/said")" = 0 ]
for target in load unload; do
	built=
	[ $target = unload ] || built='modules '
	ok "make $target, by a user without sudo" says \
		"modules are loaded and unloaded by root, and there is no sudo: make $target as root" \
		$target KDIR="$headers"
	fake sudo "echo sudo >>$tmp/done; exec \"\$@\""
	ok "make $target uses sudo only for that step" \
		does "${built}sudo scull_$target" $target KDIR="$headers"
	fake id 'echo 0'
	ok "make $target by root uses no sudo" \
		does "${built}scull_$target" $target KDIR="$headers"
	fake id 'echo 1000'
	rm "$tmp/bin/sudo"
done

# Now use a real kernel. Only root may be able to read its headers.
rm "$tmp/bin"/*
path=/usr/bin:/bin
user=
release=$(cat "$kernel/release")
root=$tmp/root
installed=$root/lib/modules/$release
ok 'make builds the modules' run KDIR="$kernel/build"
ok 'the modules are for the kernel of the headers' \
	grep -q -a "vermagic=$release " "$tree/scullv/scullv.ko"
ok 'make install' run install KDIR="$kernel/build" INSTALL_MOD_PATH="$root"
ok 'modprobe would find all of them' \
	[ "$(grep -c '/scull\([cpv]\)/scull\1\.ko[.a-z]*:' "$installed/modules.dep")" = 3 ]
ok 'a missing signing key is no error' \
	[ "$(grep -c -i -e ssl -e sign-file "$tmp/said")" = 0 ]
mkdir -p "$installed/updates/dkms"
cp "$tree/scullc/scullc.ko" "$installed/updates/dkms"
ok 'make uninstall with headers that are not there' says \
	"there are no headers of a built kernel in KDIR=$tmp/bin" uninstall KDIR="$tmp/bin"
ok 'make uninstall' \
	run uninstall KDIR="$kernel/build" INSTALL_MOD_PATH="$root"
ok 'make uninstall leaves only the module of DKMS' nothing_of_it
ok 'make clean' run clean KDIR="$kernel/build"
ok 'make clean leaves no module' [ "$(find "$tree" -name '*.ko')" = '' ]
for file in Module.symvers common/main.o scullc/scullc.ko scullc/scullc.mod.c scullc/.cache.o.cmd; do
	: >"$tree/$file"
done
before=$(cd "$tree" && find . -type f | sort)
ok 'make clean without headers' run clean KDIR="$tmp/bin"
after=$(cd "$tree" && find . -type f | sort)
ok 'removes five built files' [ $(($(echo "$before" | wc -l) - $(echo "$after" | wc -l))) = 5 ]
echo "1..$results"
