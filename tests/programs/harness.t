#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does the harness notice failures?  Each of these modules and scripts is broken
# deliberately, and must get the expected verdicts and no others.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=${KERNEL:-debian-6.1}
begin harness

# expect DESCRIPTION TIMEOUT VERDICTS - run the script on standard input, and compare the
# failed verdicts with VERDICTS, one per line.
expect()
{
	cat >"$tmp/script"
	printf %s "${3:+$3
}" >"$tmp/expected"
	status=0
	tests/harness/vm --kernel "$kernel" --log "$log" --timeout "$2" --mem 256 \
		--script "$tmp/script" --add "$build/tests/broken/broken.ko:/broken.ko" \
		>/dev/null 2>&1 || status=$?
	sed -n 's/^not ok - //p' "$log/verdict" >"$tmp/found"
	same=0
	diff "$tmp/expected" "$tmp/found" >"$tmp/diff" || same=1
	# A run that gets a bad verdict must not succeed.
	[ $status != 0 ] || same=1
	result $same "$1"
	[ $same = 0 ] || details "$tmp/diff" "$log/verdict"
}

# relayed DESCRIPTION PARTS EXPECTED - compare the output of merge-tap.awk, for the TAP on
# standard input, with EXPECTED.
relayed()
{
	same=0
	awk -v run=x -v parts="$2" -f tests/harness/merge-tap.awk >"$tmp/found"
	[ "$(cat "$tmp/found")" = "$3" ] || same=1
	result $same "$1"
	[ $same = 0 ] || details "$tmp/found"
}

build "$kernel" broken
prepared

# helps SCRIPT - does SCRIPT --help print the usage and succeed?
helps()
{
	"$1" --help >"$tmp/help" || return
	cat "$tmp/help"
	head -n 1 "$tmp/help" | grep -q "^usage: .*${1##*/}"
}

for script in scripts/*; do
	ok "$script --help" helps "$script"
done

# refuses MESSAGE ARGUMENTS - does scripts/playground say MESSAGE, and change nothing?
refuses()
{
	message=$1
	shift
	! scripts/playground "$@" 2>"$tmp/said" || return
	cat "$tmp/said"
	grep -qF -- "$message" "$tmp/said" && [ "$(ls "$tmp/others")" = note ]
}
mkdir "$tmp/others"
: >"$tmp/others/note"
ok 'playground: a directory with other files' refuses 'has other files' "$tmp/others"
ok 'playground: a file as directory' refuses 'not a directory' "$tmp/others/note"
ok 'playground: --single DIRECTORY' refuses 'not a file' --single "$tmp/others"
ok 'playground: --serve 65536' refuses 'from 1 to 65535' --serve 65536
ok 'playground: too many arguments' refuses "'b': --sources has one" --sources "$tmp/others" b

# Clones of the same name, with "tests" in their path, and one cache
for copy in one two three; do
	mkdir -p "$tmp/tests/$copy/scull/scripts" "$tmp/tests/$copy/scull/tests"
	cp -r tests/harness "$tmp/tests/$copy/scull/tests"
	cat >"$tmp/tests/$copy/scull/scripts/build-here" <<-'END'
		. "$(dirname "$0")/../tests/harness/lib.sh"
		clone_dir build
	END
done

# clone_build NAME - print the directory that this clone builds in
clone_build()
{
	XDG_CACHE_HOME=$tmp/cache sh "$tmp/tests/$1/scull/scripts/build-here"
}
one=$(clone_build one)
two=$(clone_build two)
ok 'each clone has its own build directory' [ "$one" != "$two" -a -d "$one" -a -d "$two" ]
ok 'a clone finds its build directory again' [ "$(clone_build one)" = "$one" ]
rm -r "$tmp/tests/one"
ok 'another clone can be added' clone_build three
ok 'the builds of a deleted clone are removed' [ ! -e "$one" ]
ok 'the builds of other clones stay' [ -d "$two" ]

ok 'CDPATH is ignored' sh -c "CDPATH=. XDG_CACHE_HOME=$tmp/cache sh scripts/build --help"
ok 'a relative XDG_CACHE_HOME is ignored' sh -c \
	"XDG_CACHE_HOME=cache sh $tmp/tests/two/scull/scripts/build-here | grep -q '^$HOME/.cache'"
ok 'a cache that cannot be made' sh -c "! XDG_CACHE_HOME=/dev/null scripts/build $kernel 2>&1 |
	grep -q -v \"cannot write to '/dev/null/scull'; set XDG_CACHE_HOME to another directory\""

# A vendor's archive with a suite of Debian's name, where apt looks first
if [ "$(host_codename)" ]; then
	mkdir "$tmp/sources"
	cp /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources "$tmp/sources" \
		2>/dev/null || :
	echo "deb [trusted=yes] http://vendor.invalid/debian $(host_codename) stable" \
		>"$tmp/sources/zz.list"
	echo "Dir::Etc::sourceparts \"$tmp/sources\";" >"$tmp/apt.conf"
	APT_CONFIG=$tmp/apt.conf tests/harness/kernels sources "$(host_codename)" >"$tmp/list"
	ok "kernels come from Debian, not from a vendor's archive" \
		sh -c "grep -q ' $(host_codename) main' $tmp/list && ! grep -q vendor $tmp/list"
fi

# As in a clone that was made with a umask of 077
echo private >"$tmp/private"
chmod 600 "$tmp/private"
tests/harness/vm --kernel "$kernel" --script "$tmp/private" --add "$tmp/private:/private" \
	--initrd "$tmp/initrd"
ok 'every user of the VM can read its files' sh -c \
	"cpio -t -v <$tmp/initrd 2>/dev/null | grep -q '^-rw-r--r--.* private\$'"

# vm_runs - does a VM of end_vm run?
vm_runs()
{
	grep -q -s -a "$tmp/vm/[^/]*/initrd" /proc/[0-9]*/cmdline
}

# end_vm SIGNAL STATUS - send it to the harness while a VM boots. Does that exit with STATUS,
# and is the VM gone?
end_vm()
{
	rm -rf "$tmp/vm"
	mkdir "$tmp/vm"
	printf '#!/bin/sh\nsleep 100\n' >"$tmp/script"
	TMPDIR=$tmp/vm tests/harness/vm --kernel "$kernel" --log "$tmp/vm/log" \
		--script "$tmp/script" &
	vm=$!
	for _ in $(seq 120); do
		[ ! -s "$tmp/vm/log/console" ] || break
		sleep 1
	done
	vm_runs || return
	kill -s "$1" $vm
	ended=0
	wait $vm || ended=$?
	[ $ended = "$2" ] && ! vm_runs
}
ok 'SIGTERM ends the VM, too' end_vm TERM 143
ok 'and so does SIGHUP' end_vm HUP 129

relayed 'a test that failed' a 'not ok 1 - x: a: one
# why
ok 2 - x: a: ran 1 of the 1 tests it planned
1..2' <<END
== a
not ok 1 - one
why
1..1
END

relayed 'tests that were never reached' 'a b c' 'ok 1 - x: a: one
not ok 2 - x: a: ran 1 of the 2 tests it planned
ok 3 - x: b: one
not ok 4 - x: b: ran 1 of the ? tests it planned
not ok 5 - x: c: was run at all
1..5' <<END
== a
1..2
ok 1 - one
== b
ok 1 - one
END

expect 'a script that fails, and nothing else' 60 '' <<'END'
#!/bin/sh
insmod /broken.ko
rmmod broken
pages >/run/pages
exit 1
END

expect 'leaks, taint and a module that stays, each by its own verdict' 60 \
'the kernel is tainted by out-of-tree and unsigned modules at most
all modules could be unloaded
no slab cache stayed behind
no vmalloc area stayed behind
all pages came back
the slab allocator did not grow' <<'END'
#!/bin/sh
insmod /broken.ko
rmmod broken
pages >/run/pages
for how in cache vmalloc 'pages count=200' 'slab count=200' taint; do
	insmod /broken.ko how=$how
	rmmod broken
done
insmod /broken.ko how=busy
END

expect 'a warning' 60 \
'the kernel log is clean
the kernel is tainted by out-of-tree and unsigned modules at most' <<'END'
#!/bin/sh
insmod /broken.ko how=warn
END

expect 'an oops' 60 \
'the VM ran to its end
the kernel log is clean' <<'END'
#!/bin/sh
insmod /broken.ko how=oops
END

expect 'a hang that the kernel notices' 60 \
'the VM ran to its end
the kernel log is clean' <<'END'
#!/bin/sh
echo 3 >/proc/sys/kernel/watchdog_thresh
insmod /broken.ko how=hang
END

expect 'a hang that the kernel does not notice' 20 \
'the VM ran to its end
the VM kept its time limit' <<'END'
#!/bin/sh
sleep 1000
END

expect 'a machine that is powered off too early' 60 \
'the VM ran to its end' <<'END'
#!/bin/sh
poweroff -f
END

old=0
kernel_make "$kernel" M="$build" VERSION=5 PATCHLEVEL=9 modules >"$tmp/make" 2>&1 && old=1
[ "$(grep -c 'scull needs Linux 5.10 or newer, and this is 5.9' "$tmp/make")" = 1 ] ||
	old=1
result $old 'a build for a kernel that is too old stops with one line'

echo "1..$results"
