#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The container of docs/run.md, as TAP. It is built on a minimal Debian 13, under the name
# that the Containerfile asks for. Then the demo, the prompt and one group of the suite run
# in it, without a network. This takes half an hour and 16 GB.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin container
need podman mmdebstrap script
work=$(mktemp -d "$cache/container.XXXXXX")
trap 'rm -rf "$tmp"; podman_ unshare rm -rf "$work" 2>/dev/null || rm -rf "$work"' EXIT

podman_()
{
	podman --storage-driver=vfs --root "$work/storage" --runroot "$work/run" "$@"
}

tests/harness/kernels sources trixie >"$tmp/sources"
apt-config dump Acquire | grep -v '^Acquire::IndexTargets' >"$tmp/conf"
mmdebstrap --variant=apt --aptopt="$tmp/conf" trixie "$work/base.tar" - <"$tmp/sources" \
	>"$log.build" 2>&1 3>&- 4>&- 5>&- || failed 'a Debian 13 can be made'
podman_ import "$work/base.tar" debian:13 >"$log.build" 2>&1 || failed 'it can be imported'
rm "$work/base.tar"

# Where podman cannot start a container, it can still build one in a chroot. Then each
# command runs as a build step on top of the image.
isolation=
podman_ run --rm debian:13 true >"$log.build" 2>&1 || isolation=--isolation=chroot

# shellcheck disable=SC2086 # an option or none
podman_ build $isolation -t scull . >"$log/build" 2>&1 && status=0 || status=$?
result "$status" 'podman build -t scull .'
[ "$status" = 0 ] || tail -n 40 "$log/build" | details

# runs DESCRIPTION TEXT COMMAND - run COMMAND in the container. It must succeed and print
# the line TEXT.
runs()
{
	status=0
	if [ "$isolation" ]; then
		printf 'FROM scull\nRUN %s\n' "$3" |
		unshare -n podman --storage-driver=vfs --root "$work/storage" \
			--runroot "$work/run" build $isolation --no-cache -f - . || status=$?
	else
		podman_ run --rm --network=none scull sh -c "$3" || status=$?
	fi >"$log/said" 2>&1
	tr -d '\r' <"$log/said" | grep -q -x -e "$2" || status=1
	result "$status" "without a network: $1"
	[ "$status" = 0 ] || tail -n 40 "$log/said" | details
}

runs 'the demo' 'Device 0: qset 4, q 10, sz 2070' scripts/demo
runs 'the prompt' 'hello' \
	"(sleep 90; echo 'echo hello >/dev/scullc; cat /dev/scullc; exit') | script -q -c 'scripts/demo --shell' /dev/null"
runs 'the suite on a kernel' 'Result: PASS' "scripts/check --kernel host --only 'scullp seek'"
runs 'the suite on the checking kernel' 'Result: PASS' "scripts/check --kernel uml --only 'scullc seek'"
echo "1..$results"
