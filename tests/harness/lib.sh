# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions of all scripts. The scripts of this directory source this file first with
# . "$(dirname "$0")/lib.sh", others with its path from theirs.

# Scripts compare the output of commands. Also, perl warns about a locale that a minimal
# system lacks.
export LC_ALL=C
# Some programs are in sbin, which a user's PATH lacks.
PATH=$PATH:/usr/sbin:/sbin
# A VM and other users must be able to read the files, whatever the user's umask.
umask 022
# Another directory for cd, and options of a make that started the script
unset CDPATH MAKEFLAGS MFLAGS MAKELEVEL

# The program is in scripts/ or in a directory of tests/.
top=$(cd "$(dirname "$0")" && pwd)
case $top in
*/scripts)	top=${top%/*} ;;
*)		top=${top%/tests/*} ;;
esac

# Settings from the environment: with SCULL_INSTALL=never nothing is installed, and with
# SCULL_OFFLINE nothing is downloaded.

# All that is downloaded or built for a VM. It can be deleted at any time.
case ${XDG_CACHE_HOME-} in
/*)	cache=$XDG_CACHE_HOME/scull ;;
*)	cache=${HOME:?'is not set; set it, or XDG_CACHE_HOME'}/.cache/scull ;;
esac
# Builds, logs and results of this clone; each clone has a directory.
clone=$cache/clones/${top##*/}-$(printf %s "$top" | cksum | cut -d ' ' -f 1)

say()
{
	echo "${0##*/}: $*" >&2
}

die()
{
	say "$@"
	exit 1
}

# for_kbuild PATH [OPTION] - exit if kbuild cannot handle the path, which OPTION names. make
# splits paths at spaces and colons, and kbuild does not quote them for the shell.
for_kbuild()
{
	case $1 in
	*[[:space:]:\'\"\`\$\&\|\;\(\)\<\>\#]*)
		die "${2-}'$1' has a character that kbuild cannot handle:" \
			"a space, or one of : ' \" \` \$ & | ; ( ) < > #" ;;
	esac
}
for_kbuild "$top"
for_kbuild "$cache"

# make_cache - make the cache.
make_cache()
{
	mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
		die "cannot write to '$cache'; set XDG_CACHE_HOME to another directory"
}

# clone_dir NAME - make the directory of that name in $clone, and print it. The first call
# removes the directories of clones that no longer exist.
clone_dir()
{
	make_cache
	mkdir -p "$clone/$1"
	if [ ! -L "$clone/tree" ]; then
		ln -s -f -n "$top" "$clone/tree"
		for tree in "$cache"/clones/*/tree; do
			[ -e "$tree" ] || rm -rf "${tree%/tree}"
		done
	fi
	echo "$clone/$1"
}

# copy_file FILE DIRECTORY - copy to the same relative path there, which can be written
# even if this tree is read-only.
copy_file()
{
	mkdir -p "$(dirname "$2/$1")"
	cat "$1" >"$2/$1"
}

# has TOOL - does this machine have it? The compiler looks for C headers and libraries,
# because their directories differ between distributions.
has()
{
	case $1 in
	/*)	[ -e "$1" ] ;;
	busybox)
		static_busybox ;;
	*.h)	echo "#include <$1>" | gcc -x c -fsyntax-only - ;;
	cpio)	# The cpio of busybox lacks this option.
		cpio --help 2>&1 | grep -e --reproducible ;;
	lib*.a|lib*.so*)
		case $(gcc -print-file-name="$1") in
		/*) ;;
		*) false ;;
		esac ;;
	*)	command -v "$1" ;;
	esac >/dev/null 2>&1
}

# static_busybox - print the path of a static busybox, because the VM has no libraries.
static_busybox()
{
	for busybox in busybox-static busybox.static busybox; do
		busybox=$(command -v $busybox) || continue
		readelf -l "$busybox" | grep -q INTERP || { echo "$busybox"; return; }
	done 2>/dev/null
	return 1
}

# lacking TOOL... - print those that this machine does not have.
lacking()
{
	for tool in "$@"; do
		has "$tool" || printf ' %s' "$tool"
	done
}

# need TOOL... - install these tools of tests/tools.tsv, if they are not on this machine.
need()
{
	[ "$(lacking "$@")" ] || return 0

	# Tests run in parallel, but apt must not.
	make_cache
	exec 6>"$cache/packages.lock"
	flock 6
	lacking=$(lacking "$@")
	[ "$lacking" = '' ] || provide
	exec 6>&-
}

# provide - install the packages of the tools in $lacking, or print them and exit.
provide()
{
	[ "${SCULL_INSTALL-}" = never ] || [ "$(package_manager)" = apt ] || in_container
	# shellcheck disable=SC2086 # a list of words
	case $(package_manager) in
	apt)	install='apt-get install --no-install-recommends' column=2 ;;
	dnf)	install='dnf install' column=3 ;;
	pacman)	install='pacman -S' column=4 ;;
	zypper)	install='zypper install' column=5 ;;
	apk)	install='apk add' column=6 ;;
	*)	die "missing on this machine:$lacking" ;;
	esac
	packages=
	for tool in $lacking; do
		package=$(table tools.tsv "$tool" | cut -f "$column")
		[ "$package" != - ] || die "'$tool' is missing; its package is known for Debian only"
		packages="$packages ${package:-$tool}"
	done

	if [ "${SCULL_INSTALL-}" = never ]; then
		as_root=never
	elif [ "$(id -u)" = 0 ]; then
		as_root=
	elif sudo -n true 2>/dev/null || { [ -t 0 ] && has sudo; }; then
		as_root=sudo
	else
		as_root=never
	fi
	if [ "$as_root" = never ]; then
		say "missing on this machine:$lacking; as root, run:"
		echo "$install$packages" >&2
		exit 1
	fi

	# sudo may ask for a password.
	say "missing packages:$packages"
	# shellcheck disable=SC2086 # $as_root and $packages are lists of words
	if ! {
		$as_root apt-get -q update &&
		megabytes=$(apt-get -q -y --print-uris --no-install-recommends install $packages |
			awk '/^.http/ { size += $3 } END { printf "%d", size / 1e6 + 0.5 }') &&
		say "installing them, $megabytes MB" 2>&5 &&
		$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get -q -y install --no-install-recommends $packages
	} 5>&2 </dev/null >"$cache/packages.log" 2>&1 6>&-; then
		tail "$cache/packages.log" >&2
		say "the above is the end of $cache/packages.log; as root, run:"
		echo "$install$packages" >&2
		exit 1
	fi
	# shellcheck disable=SC2086 # a list of words
	lacking=$(lacking $lacking)
	[ "$lacking" = '' ] || die "installed$packages, but still missing:$lacking"
}

# package_manager - print that of this machine
package_manager()
{
	for manager in apt-get dnf pacman zypper apk; do
		if has $manager; then
			echo ${manager%-get}
			return
		fi
	done
}

# in_container - print how to use a container, and exit. Kernels and tools come from
# Debian, and this machine is another system.
in_container()
{
	say "this machine has no Debian packages; with podman (or docker):"
	cat >&2 <<-END
	podman build -t scull '$top'
	podman run -it --rm scull
	END
	exit 1
}

# on_apt - exit unless this is a Debian with apt.
on_apt()
{
	if [ ! "$(host_codename)" ] || [ "$(package_manager)" != apt ]; then
		in_container
	fi
}

# on_debian - exit unless kernels and tools can be downloaded here.
on_debian()
{
	on_apt
	[ "$(uname -m)" = x86_64 ] || die "this works on amd64 machines only; this one is $(uname -m)"
}

# optional NEXT - set $value to NEXT, or to nothing if NEXT is missing or an option.
# shellcheck disable=SC2034 # it is for the caller
optional()
{
	case ${1--} in
	-*)	value= ;;
	*)	value=$1 ;;
	esac
}

# table FILE [KEY] - print the rows of a tab-separated table, without comments. With KEY,
# print only those whose first field is KEY.
table()
{
	awk -F '\t' -v key="${2-}" \
		'!/^(#|$)/ && (key == "" || $1 == key)' "$top/tests/$1"
}

# module_names - print the names of all modules
module_names()
{
	table modules.tsv | cut -f 1 | xargs
}

# per_module TEXT - print TEXT for each module, with its name in place of each %
per_module()
{
	for module in $(module_names); do
		echo "$1" | sed "s/%/$module/g"
	done
}

# kernel_names [WHEN] - print the names of all kernels, or of those with WHEN in their last
# field.
kernel_names()
{
	table kernels.tsv | awk -F '\t' -v when="${1-}" \
		'when == "" || $5 == when { print $1 }' | xargs
}

# kernel_row NAME - set name, suite, arch and flavour from tests/kernels.tsv,
# and the rest from the machine of that architecture. NAME may be "host", for the
# kernel of this machine's own release.
# shellcheck disable=SC2034 # they are for the caller
kernel_row()
{
	[ "${1-}" != host ] || set -- "$(host_kernel)"
	row=${1:+$(table kernels.tsv "$1")}
	[ "$row" ] || row=$(cat "$cache/kernels/${1:-none}/row" 2>/dev/null) || :
	[ "$row" ] || die "no kernel '$1'; there are: $(kernel_names)"
	IFS='	' read -r name suite arch flavour when <<-END
		$row
	END
	row=$(table machines.tsv "$arch")
	[ "$row" ] || die "kernel '$1': no machine for '$arch' in tests/machines.tsv"
	IFS='	' read -r _ karch cross emulator package machine cpu console slow <<-END
		$row
	END
}

# host_codename - print the codename of this machine's Debian, or nothing elsewhere
host_codename()
{
	! grep -q -s -x 'ID=debian' /etc/os-release ||
		sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# host_arch - print this machine's architecture, by its name in Debian
host_arch()
{
	case $(uname -m) in
	x86_64)		echo amd64 ;;
	aarch64)	echo arm64 ;;
	armv7l)		echo armhf ;;
	*)		uname -m ;;
	esac
}

# host_kernel - print the kernel of this machine's own release: the one without a version
# in its name
host_kernel()
{
	table kernels.tsv | awk -F '\t' -v codename="$(host_codename)" -v arch="$(host_arch)" '
		$3 != arch || $4 != arch { next }
		$2 == codename		{ found = $1 }
		# A codename without a row is testing.
		$2 == "testing" && !found { found = $1 }
		END			{ print found }'
}

# kernel_make NAME WORD... - run make in the build directory of that kernel, with the
# compiler and the tools that belong to it first in PATH.
kernel_make()
(
	kernel_row "$1"
	shift
	kernel_dir=$cache/kernels/$name
	programs=$PATH
	[ ! -e "$kernel_dir/tools" ] || programs=$kernel_dir/tools/usr/bin:$PATH
	[ "$cross" = - ] || set -- "$@" CROSS_COMPILE="$cross"
	# The Makefile of a kernel that was compiled elsewhere does not select clang.
	if [ -e "$kernel_dir/row" ] && grep -q clang "$kernel_dir/compiler"; then
		set -- "$@" LLVM=1
	fi
	env PATH="$programs" make -j "$(nproc)" -C "$kernel_dir/build" "$@"
)

# is_own - is the kernel of kernel_row compiled by tests/harness/compile-kernel?
is_own()
{
	[ -e "$top/tests/kernels/$flavour.config" ]
}

# has_kvm - can the kernel of kernel_row run on this machine's CPU?
has_kvm()
{
	[ "$(uname -m)" = x86_64 ] && [ "$arch" = amd64 ] && [ -w /dev/kvm ] &&
		grep -q -E -w 'vmx|svm' /proc/cpuinfo
}

# vm_slot - wait for one of two slots for emulated machines, and keep it until this program
# ends. Each machine fills a CPU: with more of them, their time limits would be too short.
vm_slot()
{
	mkdir -p "$cache/vm"
	# The waiters queue on this lock.
	exec 9>"$cache/vm/queue"
	flock 9
	waiting=
	[ ! -t 2 ] || waiting='two VMs are running; waiting for one to end'
	while :; do
		exec 7>"$cache/vm/slot1"
		flock -n 7 && break
		exec 7>"$cache/vm/slot2"
		flock -n 7 && break
		[ ! "$waiting" ] || say "$waiting"
		waiting=
		sleep 1
	done
	exec 9>&-
}
