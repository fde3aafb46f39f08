#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The book's session: load a module, make a node, write a file to it, show /proc, set
# a small quantum with the book's program, write the file again, and show /proc again.
#
#	session.sh MODULE	runs it, and prints commands and output
#	session.sh --test DIR	runs it for each module that has a golden
#				transcript in DIR, and prints TAP
#
# Needs root, modules in SCULL_MODDIR, and the programs in PATH. A module stays loaded after
# its session, so that the next session runs with it loaded.

set -u
moddir=${SCULL_MODDIR:-/lib/scull}

# run COMMAND - print the command after a prompt, and run it.
run()
{
	echo "# $1"
	eval "$1"
}

session()
{
	m=$1
	cd "$moddir" || return
	# 207 lines of 10 bytes: the 2,070 bytes that the book's numbers come from.
	seq 100000001 100000207 >/tmp/test
	rm -f "/dev/$m"

	run "insmod $m.ko"
	run "grep $m /proc/devices"
	major=$(sed -n "s/^ *\([0-9]*\) $m\$/\1/p" /proc/devices)
	run "mknod -m 666 /dev/$m c $major 0"
	run "cat /tmp/test > /dev/$m"
	[ "$m" != scullc ] || run "grep $m /proc/slabinfo"
	run "cat /proc/${m}seq"
	run "${m}_test"
	run "cat /tmp/test > /dev/$m"
	[ "$m" != scullc ] || run "grep $m /proc/slabinfo"
	run "cat /proc/${m}mem"
}

# transcript - print a session without the values that differ from run to run: the major,
# the addresses, and the rows of slabinfo.
transcript()
{
	sed -e "s/^ *[0-9]* scull/MAJOR scull/" -e "s/ c [0-9]* 0\$/ c MAJOR 0/" \
		-e "s/ at [0-9a-f]*/ at ADDRESS/g" \
		-e "s/^\( *[0-9]*:\)  *[0-9a-f]*\$/\1 ADDRESS/" \
		-e "/^scullc[-0-9]*  *[0-9]/d"
}

number=0
bad=0

# tap DESCRIPTION COMMAND... - a test: does the command succeed? If not, print its output.
tap()
{
	what=$1
	shift
	number=$((number + 1))
	if said=$("$@" 2>&1); then
		echo "ok $number - $what"
	else
		bad=1
		echo "not ok $number - $what"
		printf '%s\n' "$said" | sed 's/^/# /'
	fi
}

# active FILE ROW WHICH - print the active objects of a row of slabinfo, as the session
# showed it the first or the last time.
active()
{
	sed -n "s/^$2  *\([0-9]*\) .*/\1/p" "$1" | "$3" -n 1
}

# values MODULE QUANTUM QSET - has the module these values?
values()
{
	set -- "$2 $3" "$(cat "/sys/module/$1/parameters/quantum" \
		"/sys/module/$1/parameters/qset" | xargs)"
	echo "quantum and qset are '$2' instead of '$1'"
	[ "$2" = "$1" ]
}

# at_least EXPECTED FOUND - check a number of active objects.
at_least()
{
	echo "${2:-none} active objects instead of at least $1"
	[ "${2:-0}" -ge "$1" ]
}

golden()
{
	transcript <"$2" >"$2.transcript"
	diff "$1" "$2.transcript"
}

test_all()
{
	modules=
	for golden in "$1"/*.txt; do
		m=${golden##*/}
		m=${m%.txt}
		modules="$modules $m"
		shown=/tmp/session.$m
		session "$m" >"$shown" 2>&1
		tap "$m: the transcript is the golden one" golden "$golden" "$shown"
		tap "$m: what was written is there" cmp /tmp/test "/dev/$m"
		if [ "$m" = scullc ]; then
			tap "$m: the cache of the default quantum is in use" \
				at_least 1 "$(active "$shown" scullc head)"
			tap "$m: the cache of the small quantum holds 207 objects" \
				at_least 207 "$(active "$shown" scullc-10 tail)"
		fi
	done
	tap "scullc: its values are its own" values scullc 10 4
	tap "scullp: its values are its own" values scullp 1000 2
	tap "scullv: its values are its own" values scullv 1000 2
	for m in $modules; do
		tap "$m: it can be unloaded" rmmod "$m"
		rm -f "/dev/$m"
	done
	echo "1..$number"
	return $bad
}

case ${1-} in
--test)
	test_all "${2:?}" ;;
scull?)
	session "$1" ;;
*)
	echo "usage: session.sh MODULE|--test DIR" >&2
	exit 2 ;;
esac
