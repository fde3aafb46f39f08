# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the checks of the exercises share; each sources it first, in the VM, and ends
# with finish.  A check looks at what the device does.  It says what is wrong, and not
# what to do about it.

bad=0

# right TEXT
right()
{
	echo "right: $*"
}

# wrong TEXT [DETAIL...] - each detail on a line of its own
wrong()
{
	bad=1
	echo "wrong: $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | head -n 8 | sed 's/^/       /'
}

# is TEXT FOUND EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		right "$1"
	else
		wrong "$1" "it should be: $3" "but it is: $2"
	fi
}

# soon TEXT EXPECTED COMMAND... - what it prints becomes that, within half a minute.
soon()
{
	text=$1
	expected=$2
	shift 2
	i=0
	while [ "$("$@" 2>&1)" != "$expected" ] && [ $i -lt 30 ]; do
		i=$((i + 1))
		sleep 1
	done
	is "$text" "$("$@" 2>&1)" "$expected"
}

# want TEXT COMMAND... - it succeeds.
want()
{
	text=$1
	shift
	if said=$("$@" 2>&1); then
		right "$text"
	else
		wrong "$text" ${said:+"$said"}
	fi
}

# refused TEXT COMMAND... - it fails.
refused()
{
	text=$1
	shift
	if said=$("$@" 2>&1); then
		wrong "$text" ${said:+"$said"}
	else
		right "$text"
	fi
}

# load MODULE [PARAMETER...] - or end here.
load()
{
	module=$1
	shift
	said=$(insmod "/lib/scull/$module.ko" "$@" 2>&1) && return
	wrong "the module loads${*:+ with $*}" "$said"
	finish
}

# faults - let allocations fail for `call --insmod`, also those that could wait. The
# kernel's own code for trace events warns if one of its own fails, so none does.
faults()
{
	awk '$3 ~ /^event_define_fields/ { print "0x" $1; getline; print "0x" $1; exit }' \
		/proc/kallsyms >/tmp/range
	for fail in failslab fail_page_alloc fail_usercopy; do
		dir=/sys/kernel/debug/$fail
		echo 0 >$dir/verbose
		[ ! -e $dir/ignore-gfp-wait ] || echo N >$dir/ignore-gfp-wait
		sed -n 1p /tmp/range >$dir/reject-start
		sed -n 2p /tmp/range >$dir/reject-end
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}

# faults_end - the kernel log up to here has what kmemleak could not allocate, and
# nothing worse. What follows is judged by tests/harness/vm.
faults_end()
{
	read -r cmdline </proc/cmdline
	token=${cmdline##*token=}
	token=${token%% *}
	is 'what the kernel warned of' \
		"$(dmesg | sed "1,/@$token\$/d" | grep -E 'BUG|WARNING|Oops|KASAN' | head -n 3)" ''
	dmesg -c >/dev/null
	echo "@$token" >/dev/kmsg
}

# poor MIB COMMAND... - run it in a memory cgroup, /sys/fs/cgroup/small, with so much. The
# first line that it says is $said. A pipe would be charged to it, too, so it writes into a
# file whose page is there.
poor()
{
	small=/sys/fs/cgroup/small
	if [ ! -d $small ]; then
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control
		mkdir $small
	fi
	echo "$1M" >$small/memory.max
	shift
	printf '%2000s' '' >/tmp/said
	(echo 0 >$small/cgroup.procs; exec "$@") >/dev/null 2<>/tmp/said
	said=$(head -n 1 /tmp/said | sed 's/ *$//')
}

finish()
{
	echo "end: $bad"
	exit $bad
}
