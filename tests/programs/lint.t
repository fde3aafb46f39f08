#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/lint, whose output is TAP already.
exec "$(dirname "$0")/../../scripts/lint"
