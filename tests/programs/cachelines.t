#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Which members of a structure share a cache line, as TAP. Stores by the users of a device
# must not slow down users of another device, or those who only read the same device.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin cachelines
need pahole
build debian-6.1

# apart STRUCT MEMBERS OTHERS - do MEMBERS share no line of 64 bytes with OTHERS, and do two
# such structures share none?
apart()
{
	# pahole 1.30 prints the structure, but fails. The count of members below finds an
	# incomplete one.
	pahole -F dwarf -C "$1" "$build/scullp/scullp.ko" >"$tmp/$1" 2>"$log.build" || :
	awk -v members="$2" -v others="$3" '
		BEGIN {
			n = split(members " " others, name, " ")
			for (i = 1; i <= n; i++)
				side[name[i]] = i <= split(members, _, " ") ? 1 : 2
		}
		# TYPE NAME; /* OFFSET SIZE */, or NAME[LENGTH]
		match($0, /\/\* +[0-9]+ +[0-9]+ \*\//) {
			split(substr($0, RSTART + 2), at, " ")
			sub(/ __attribute__.*/, ";")
			sub(/(\[[0-9]+\])?;.*/, "")
			if (!($NF in side))
				next
			found++
			for (l = int(at[1] / 64); l <= int((at[1] + at[2] - 1) / 64); l++)
				if ((l in line) && line[l] != side[$NF])
					shared = 1
				else
					line[l] = side[$NF]
		}
		/\/\* size: /	{ whole = $3 % 64 == 0 }
		END		{ exit found != n || shared || !whole }
	' "$tmp/$1" && status=0 || status=1
	result "$status" "cachelines: $1: $2 | $3"
	[ "$status" = 0 ] || details <"$tmp/$1"
}

apart scull_dev 'store stats node' 'lock map_lock mapped'
apart scull_store 'allocator qset minor span size_max stats items direct' 'refs size held'
apart scull_store refs 'size held'
echo "1..$results"
