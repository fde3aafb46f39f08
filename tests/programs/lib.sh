# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions of the programs here. Each first sources this file with
# . "$(dirname "$0")/lib.sh", which also changes to the top directory of the tree.

# shellcheck source=tests/harness/lib.sh
. "$(dirname "$0")/../harness/lib.sh"
cd "$top" || exit

# begin RUN - make the directories $log, for the logs of this run, and $tmp.
begin()
{
	run=$1
	log=$(clone_dir log)/$run
	mkdir -p "$log"
	# Two runs of the same name would overwrite each other's logs.
	exec 5>"$log.lock"
	flock 5
	: >"$log.build"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
}

# details [FILE...] - print the details of a failure as comments, on standard error, because
# prove(1) does not print comments.
details()
{
	sed 's/^/# /' "$@" >&2
}

# failed DESCRIPTION - report that this run cannot start, and exit.
failed()
{
	echo "not ok 1 - $run: $1"
	details "$log.build"
	echo 1..1
	exit
}

# build ARGUMENT... - run scripts/build with these, and set $build to its directory.
build()
{
	build=$(scripts/build "$@" 2>"$log.build") || failed 'everything builds'
}

# vm OPTION... - run tests/harness/vm with $kernel and the modules of $build.
vm()
{
	# shellcheck disable=SC2046 # a list of words
	tests/harness/vm --kernel "$kernel" --log "$log" "$@" \
		$(per_module "--add $build/%/%.ko:/lib/scull/%.ko")
}

# prepared - if PREPARE is set, exit, because what $kernel and its tests need is here now.
prepared()
{
	[ "${PREPARE-}" ] || return 0
	need cpio
	tests/harness/kernels emulator "$kernel" >/dev/null 2>"$log.build" ||
		failed 'its emulator can be installed'
	echo "ok 1 - $run: what it needs is here"
	echo 1..1
	exit
}

# fuse_module - set $fuse to the FUSE module of $kernel, or to nothing if there is none.
fuse_module()
{
	fuse=$(find "$(tests/harness/kernels path "$kernel")/lib/modules/" -name fuse.ko)
}

# limit - print the time limit in seconds for a run on $kernel. Kernels with checkers are
# slow in an emulated machine.
limit()
{
	kernel_row "$kernel"
	if is_own && [ "$arch" != um ]; then
		echo 3600
	else
		echo 900
	fi
}

# vm_tap COUNT COMMAND... - run COMMAND, which runs a VM. Print the VM's output and its
# verdicts, of which there must be COUNT.
vm_tap()
{
	count=$1
	shift
	status=0
	"$@" >/dev/null || status=$?
	cat "$log/output"
	echo '== kernel'
	cat "$log/verdict"
	[ $status = 0 ] && echo 'ok - the script succeeded' ||
		echo 'not ok - the script succeeded and nothing was wrong'
	echo "1..$((count + 1))"
}

# merge_tap PART... - merge streams of TAP into one; these parts must be there.
merge_tap()
{
	awk -v run="$run" -v parts="$*" -f tests/harness/merge-tap.awk
}

# result STATUS DESCRIPTION - print a line of TAP, and count it in $results.
results=0
result()
{
	results=$((results + 1))
	[ "$1" = 0 ] || printf 'not '
	echo "ok $results - $2"
}

# ok DESCRIPTION COMMAND... - a test: does the command succeed? If not, print the end of its
# output, which is in $log/said. The description follows $label.
label=
ok()
{
	description=$1
	shift
	status=0
	"$@" >"$log/said" 2>&1 </dev/null || status=1
	result $status "$label$description"
	[ $status = 0 ] || tail -n 40 "$log/said" | details
}
