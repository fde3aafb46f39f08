# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions of the tests here.  A test first sets $module, $device, $about, the device's
# directory in /sys, and $file, a file to compare with.

n=0
bad=0

# check DESCRIPTION - a test: does every command on standard input succeed?  If not, print
# the commands and their output.
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

# is VALUE COMMAND... - does the command print VALUE?
is()
{
	expected=$1
	shift
	printed=$("$@")
	[ "$printed" = "$expected" ]
}

# refused MESSAGE COMMAND... - does the command fail with MESSAGE?
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

# same - have the device and the file the same contents and size?
same()
{
	cmp "$file" "$device"
	is "$(stat -c %s "$file")" cat "$about/size"
}

# sparse FILE|DEVICE - has it less allocated than its size?
sparse()
{
	case $1 in
	/dev/*)	[ "$(cat "$about/allocated")" -lt "$(cat "$about/size")" ] ;;
	*)	[ $(($(stat -c '%b * %B' "$1"))) -lt "$(stat -c %s "$1")" ] ;;
	esac
}
