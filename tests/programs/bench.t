#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules are as fast as docs/bench says; scripts/bench prints TAP.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=debian-6.1
begin bench
build "$kernel" bench
prepared
exec scripts/bench --check
