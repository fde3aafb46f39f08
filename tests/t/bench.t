#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules are as fast as docs/bench says; its output is TAP already.
exec "$(dirname "$0")/../../scripts/bench" --check
