# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the programs here share; each sources it first, which takes it to the top of
# the tree: . "$(dirname "$0")/lib.sh"

# shellcheck source=tests/harness/lib.sh
. "$(dirname "$0")/../harness/lib.sh"
cd "$top" || exit

# begin RUN - have $log, a directory for what is left of this run.
begin()
{
	run=$1
	log=$(clone_dir log)/$run
	mkdir -p "$log"
	# Others may run the same; each reads what its own VM has left there.
	exec 5>"$log.lock"
	flock 5
	: >"$log.build"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
}

# details [FILE...] - what there is to say of something that failed, past prove(1),
# which keeps comments to itself.
details()
{
	sed 's/^/# /' "$@" >&2
}

# failed DESCRIPTION - there is nothing to run.
failed()
{
	echo "not ok 1 - $run: $1"
	details "$log.build"
	echo 1..1
	exit
}

# build ARGUMENT... - have $build, from scripts/build with these.
build()
{
	build=$(scripts/build "$@" 2>"$log.build") || failed 'everything builds'
}

# vm OPTION... - tests/harness/vm on $kernel, with the modules of $build.
vm()
{
	# shellcheck disable=SC2046 # a list of words
	tests/harness/vm --kernel "$kernel" --log "$log" "$@" \
		$(per_module "--add $build/%/%.ko:/lib/scull/%.ko")
}

# prepared - if no more than what $kernel and the tests on it need was wanted: that is
# here now.
prepared()
{
	[ "${PREPARE-}" ] || return 0
	need cpio
	tests/harness/kernels emulator "$kernel" >/dev/null 2>"$log.build" || failed 'its emulator can be had'
	echo "ok 1 - $run: what it needs is here"
	echo 1..1
	exit
}

# fuse_module - have $fuse, the module of $kernel for FUSE, or nothing.
fuse_module()
{
	fuse=$(find "$(tests/harness/kernels path "$kernel")/lib/modules/" -name fuse.ko)
}

# limit - the seconds that all of something may take on $kernel: one of our own, which
# checks, takes its time in an emulated machine.
limit()
{
	kernel_row "$kernel"
	if is_own && [ "$arch" != um ]; then
		echo 3600
	else
		echo 900
	fi
}

# vm_tap COUNT COMMAND... - run a VM by it; its output, and what was judged about
# it, which has to be COUNT things.
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

# merge_tap PART... - make one stream of TAP of several, in which these have to be.
merge_tap()
{
	awk -v run="$run" -v parts="$*" -f tests/harness/merge-tap.awk
}

# result STATUS DESCRIPTION - a line of TAP; $results counts them.
results=0
result()
{
	results=$((results + 1))
	[ "$1" = 0 ] || printf 'not '
	echo "ok $results - $2"
}

# ok DESCRIPTION COMMAND... - the command succeeds; if not, with the end of what it says,
# which is in $log/said. The description comes after $label.
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
