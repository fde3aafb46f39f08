#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The Debian packages, as TAP. scripts/deb builds them. It builds the same packages, bit for
# bit, from a copy of the tree at another path, made under another umask.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin deb

sums()
{
	(cd "$1" && sha256sum -- *.deb)
}

scripts/deb >"$log.build" 2>&1 ||
	failed 'the packages can be built, and lintian finds nothing'
result 0 'deb: the packages can be built, and lintian finds nothing'
sums "$(clone_dir deb)" >"$tmp/once"

mkdir "$tmp/another"
tar -c --exclude-vcs --exclude-vcs-ignores . |
	(umask 077; tar -x --no-same-permissions -C "$tmp/another")
again=0
XDG_CACHE_HOME=$tmp/cache "$tmp/another/scripts/deb" >"$log.build" 2>&1 || again=1
sums "$tmp"/cache/scull/clones/*/deb >"$tmp/again" || again=1
cmp -s "$tmp/once" "$tmp/again" || again=1
result $again 'deb: built again from another directory they are the same, bit for bit'
[ $again = 0 ] || diff "$tmp/once" "$tmp/again" | details
echo "1..$results"
