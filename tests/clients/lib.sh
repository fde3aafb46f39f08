# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the tests here are written with.  They say before which module, where it is
# (device, and about for /sys) and a file beside it.

n=0
bad=0

# check DESCRIPTION - a test: ok if every command on standard input succeeds.  What
# they were and what they said is for the reader of a failure.
check()
{
	cat >commands
	n=$((n + 1))
	if dash -e -x -c '. "$lib"; . ./commands' >said 2>&1; then
		echo "ok $n - $module: $1"
	else
		bad=1
		echo "not ok $n - $module: $1"
		sed 's/^/# /' said
	fi
}

# is VALUE COMMAND... - it prints that.
is()
{
	expected=$1
	shift
	printed=$("$@")
	[ "$printed" = "$expected" ]
}

# refused MESSAGE COMMAND... - it fails, and says so.
refused()
{
	message=$1
	shift
	! "$@" >refusal 2>&1 || return
	cat refusal
	grep -q -e "$message" refusal
}

# fresh - make the device and the file empty.
fresh()
{
	: >"$file"
	: >"$device"
}

# same - they have the same in them.
same()
{
	cmp "$file" "$device"
	is "$(stat -c %s "$file")" cat "$about/size"
}

# sparse FILE|DEVICE - it takes less memory than it has bytes.
sparse()
{
	case $1 in
	/dev/*)	[ "$(cat "$about/allocated")" -lt "$(cat "$about/size")" ] ;;
	*)	[ $(($(stat -c '%b * %B' "$1"))) -lt "$(stat -c %s "$1")" ] ;;
	esac
}
