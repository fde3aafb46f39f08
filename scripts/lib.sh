# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the scripts share.  Each sources it first: . "$(dirname "$0")/lib.sh"

# Commands print what scripts compare; and perl's own warnings about a locale
# that a minimal machine does not have are no news.
export LC_ALL=C

top=$(cd "$(dirname "$0")/.." && pwd)

# Everything fetched or built for a VM lives here; it can be deleted at will.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/scull

say()
{
	echo "${0##*/}: $*" >&2
}

die()
{
	say "$@"
	exit 1
}

# make takes spaces and colons in a path apart, kbuild cannot be told not to.
case $top$cache in
*[[:space:]:]*)
	die "'$top' or '$cache' has a space or colon in it, which kbuild cannot handle" ;;
esac

# missing_packages PACKAGE... - those that are not installed.
missing_packages()
{
	for package in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' installed') ;;
		*) printf ' %s' "$package" ;;
		esac
	done
}

# need_packages PACKAGE... - have these Debian packages installed.
need_packages()
{
	[ "$(missing_packages "$@")" ] || return 0

	# Tests run side by side, apt does not.
	mkdir -p "$cache"
	exec 6>"$cache/packages.lock"
	flock 6
	missing=$(missing_packages "$@")
	if [ "$missing" ]; then
		install_packages
	fi
	exec 6>&-
}

install_packages()
{
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
		as_root=sudo
	else
		say "these packages are needed; as root, run:"
		echo "apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi

	say "installing$missing"
	# shellcheck disable=SC2086 # $as_root and $missing are lists of words
	if ! {
		$as_root apt-get -q update &&
		$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get -q -y install --no-install-recommends $missing
	} </dev/null >"$cache/packages.log" 2>&1 6>&-; then
		tail "$cache/packages.log" >&2
		say "that was the end of $cache/packages.log; as root, run:"
		echo "apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
}

# table FILE KEY - the rows of a tab-separated table whose first field is KEY
# (all of them without), comments left out.
table()
{
	awk -F '\t' -v key="${2-}" \
		'!/^(#|$)/ && (key == "" || $1 == key)' "$top/tests/$1"
}

# kernel_names [WHEN] - of all kernels, or those with this in their last field.
kernel_names()
{
	table kernels.tsv | awk -F '\t' -v when="${1-}" \
		'when == "" || $5 == when { print $1 }' | xargs
}

# kernel_row NAME - set name, suite, arch and flavour from tests/kernels.tsv,
# and the rest from the machine of that architecture.
# shellcheck disable=SC2034 # they are for the caller
kernel_row()
{
	row=${1:+$(table kernels.tsv "$1")}
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

# is_own - is the kernel that kernel_row was asked for compiled by us?
is_own()
{
	[ -e "$top/tests/kernels/$flavour.config" ]
}

# has_kvm - can this machine's CPU itself run the kernel that kernel_row was asked for?
has_kvm()
{
	[ "$(uname -m)" = x86_64 ] && [ "$arch" = amd64 ] && [ -w /dev/kvm ] &&
		grep -q -E -w 'vmx|svm' /proc/cpuinfo
}

# vm_slot - wait to be one of two that emulate a machine, until this program ends. They
# fill a CPU each: with more at a time their time limits would mean nothing.
vm_slot()
{
	mkdir -p "$cache/vm"
	# Who waits for one of them waits here, in a row.
	exec 9>"$cache/vm/queue"
	flock 9
	while :; do
		exec 7>"$cache/vm/slot1"
		flock -n 7 && break
		exec 7>"$cache/vm/slot2"
		flock -n 7 && break
		sleep 1
	done
	exec 9>&-
}
