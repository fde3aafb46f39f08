#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Do the lists that cannot read tests/modules.tsv name each of its modules? As TAP, with a
# test for each list.

set -eu
# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"
begin modules

for name in $(module_names); do
	backend=$(table modules.tsv "$name" | cut -f 2)
	label="$name: "
	ok "$backend is its backend" grep -q -w scull_backend "$backend"
	for file in Kbuild dkms.conf tests/kunit/Kbuild tests/support/support.c \
			tests/headroom/guest tests/clients/all \
			tests/guest/load tests/guest/session tests/bench/guest \
			tests/bench/targets.tsv tests/bench/ratios.awk \
			tests/bench/tables.awk tests/bench/plot.gp tests/fuzz/scull.txt \
			scripts/scull_load scripts/scull_unload scripts/scullmap \
			debian/tests/devices docs/boot/scull.modules-load.conf \
			docs/boot/scull.modprobe.conf playground/view.js \
			playground/style.css playground/index.html \
			tests/playground/node.js tests/guest/shell scripts/bench \
			debian/control man/scull.4 man/scull_load.8; do
		ok "$file names it" grep -q -w -e "$name" -e "${name}[0-9]" "$file"
	done
	ok "debian/scull-tools.links has the manual page of its program" \
		grep -q "/${name}_test\\.1" debian/scull-tools.links
	ok "tests/kunit/$name, tests/golden/$name.txt and tests/fuzz/corpus/$name are there" \
		ls "tests/kunit/$name/Kbuild" "tests/golden/$name.txt" "tests/fuzz/corpus/$name"
	# Patterns of names, as in scull[cpv]
	pattern="scull\\[[a-z]*${name#scull}[a-z]*\\]"
	for file in scripts/scull_load scripts/scull_unload docs/boot/60-scull.rules; do
		ok "the pattern in $file matches it" grep -q "$pattern" "$file"
	done
done
echo "1..$results"
