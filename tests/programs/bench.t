#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules are as fast as docs/bench says; scripts/bench prints TAP.  And the patches of
# scripts/bench --without apply.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=debian-6.1
begin bench
build "$kernel" bench
need patch
prepared
for patch in tests/bench/without/*.patch; do
	patch --dry-run -s -F0 -p1 <"$patch" >"$log.build" 2>&1 || failed "$patch applies"
done
exec scripts/bench --check
