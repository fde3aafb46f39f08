# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions for the checks of the exercises, which run in the VM.  A check sources this
# file first and ends with finish.  It tests what the device does.  It says what is
# wrong, but not how to correct it.

bad=0

# A system call that never returns would hang the check, and cannot always be killed. End 100
# seconds after the last result.
watch()
{
	seen=0
	idle=0
	while [ $idle -lt 10 ]; do
		sleep 10 >/dev/null 2>&1
		# The check was interrupted.
		kill -0 $$ 2>/dev/null || return
		idle=$((idle + 1))
		[ "$(wc -l <$results)" = "$seen" ] || idle=0
		seen=$(wc -l <$results)
	done
	wrong 'the next result comes within 100 seconds' "$(grep -l -s -E '^State:	D' /proc/[0-9]*/status |
		sed 's/status$/stack/' | xargs cat | head -n 8)"
	echo 'end: 1'
	kill -KILL $$
}
results=/tmp/results
: >$results
# The kernel would panic before.
echo 0 >/proc/sys/kernel/hung_task_timeout_secs

# progress - the check goes on, although it has no result yet.
progress()
{
	echo progress >>$results
}

# right TEXT
right()
{
	echo "right: $*" | tee -a $results
}

# wrong TEXT [DETAIL...] - each detail on a line of its own
wrong()
{
	bad=1
	echo "wrong: $1" | tee -a $results
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | head -n 8 | sed 's/^/       /'
}

# is TEXT FOUND EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		right "$1"
	else
		wrong "$1" "expected: $3" "found: $2"
	fi
}

# soon TEXT EXPECTED COMMAND... - the command prints EXPECTED within half a minute.
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

# want TEXT COMMAND... - the command succeeds.
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

# refused TEXT COMMAND... - the command fails.
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

# load MODULE [PARAMETER...] - load it, or end the check.
load()
{
	module=$1
	shift
	said=$(insmod "/lib/scull/$module.ko" "$@" 2>&1) && return
	wrong "the module loads${*:+ with $*}" "$said"
	finish
}

# faults - enable fault injection for `call --insmod`, also for allocations that may
# sleep. The kernel's code for trace events warns if one of its own allocations fails,
# so these are excluded.
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

# faults_end - the kernel log up to here may have failed allocations of kmemleak, but
# no other report. tests/harness/vm checks the log after this.
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

# poor MIB COMMAND... - run the command in a memory cgroup with that limit,
# /sys/fs/cgroup/small. $said is the first line that it prints. A pipe would be charged to
# the cgroup, too, so the command prints into a file whose page is allocated before.
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
	kill "$(cat /tmp/watcher)"
	echo "end: $bad"
	exit $bad
}

# Not a child of the check, which may wait for all its children.
(watch & echo $! >/tmp/watcher)
